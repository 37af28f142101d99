# sp_cam/pets_no_saliency.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_no_saliency_light.py', '../_base_/datasets/oxford_pet.py']
segmentor = dict(train_cfg=dict(max_epochs=8))
sp_map_losses = [dict(type='wsss.ReconstructionLoss', loss_weight=11.0)]
