# sp_cam/voc_no_saliency.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_no_saliency_light.py', '../_base_/datasets/voc12.py']
data = dict(train=dict(split='train'))
sp_map_losses = [dict(type='wsss.ReconstructionLoss', loss_weight=6.0)]
