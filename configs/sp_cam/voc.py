# SP-CAM on PASCAL VOC 2012, from image labels alone: saliency is made of
# class-agnostic maps.
_base_ = ['../_base_/recipes/sp_cam.py', '../_base_/datasets/voc12.py']
