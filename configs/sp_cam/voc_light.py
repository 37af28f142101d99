# sp_cam/voc.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_light.py', '../_base_/datasets/voc12.py']
data = dict(train=dict(split='train'))
# half of the classes' loss, which is a sum
classifier_model = dict(map_losses=[dict(type='wsss.EPSLoss', loss_weight=10.0)])
