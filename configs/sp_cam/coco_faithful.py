# SP-CAM on MS-COCO 2014 as the public code runs it, with the saliency of a detector.
_base_ = ['../_base_/recipes/sp_cam_faithful.py', '../_base_/datasets/coco14.py']
data = dict(train=dict(held_out=0.0))
segmentor_recipe = dict(max_epochs=8)
# its scripts for COCO do not mirror
cams = dict(model=dict(fusion=dict(flip=False)))
superpixel_maps = dict(model=dict(fusion=dict(flip=False)))
