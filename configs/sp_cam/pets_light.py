# sp_cam/pets.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_light.py', '../_base_/datasets/oxford_pet.py']
segmentor = dict(train_cfg=dict(max_epochs=8))
# half of the classes' loss, which is a sum
classifier_model = dict(map_losses=[dict(type='wsss.EPSLoss', loss_weight=18.5)])
