# SP-CAM on MS-COCO 2014, from image labels alone: saliency is made of
# class-agnostic maps.
_base_ = ['../_base_/recipes/sp_cam.py', '../_base_/datasets/coco14.py']
segmentor_recipe = dict(max_epochs=8)
