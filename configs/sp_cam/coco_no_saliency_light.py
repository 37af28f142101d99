# sp_cam/coco_no_saliency.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_no_saliency_light.py', '../_base_/datasets/coco14.py']
sp_map_losses = [dict(type='wsss.ReconstructionLoss', loss_weight=24.0)]
# epochs for a subset of a hundred images
classifier = dict(train_cfg=dict(max_epochs=60, val_interval=20))
segmentor = dict(train_cfg=dict(max_epochs=60))
superpixel_recipe = dict(max_epochs=25, affinity_from=15)
sp_classifier_epochs = 30
