# sp_cam/pets.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_light.py', '../_base_/datasets/oxford_pet.py']
segmentor = dict(train_cfg=dict(max_epochs=8))
