# sp_cam/coco.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_light.py', '../_base_/datasets/coco14.py']
# half of the classes' loss, which is a sum
classifier_model = dict(map_losses=[dict(type='wsss.EPSLoss', loss_weight=40.0)])
# epochs for a subset of a hundred images
classifier = dict(train_cfg=dict(max_epochs=60, val_interval=20))
segmentor = dict(train_cfg=dict(max_epochs=60))
ccam = dict(train_cfg=dict(max_epochs=50))
saliency_net = dict(train_cfg=dict(max_epochs=30))
superpixel_recipe = dict(max_epochs=25, affinity_from=15)
sp_classifier_epochs = 30
