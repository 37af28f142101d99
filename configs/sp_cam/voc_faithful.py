# SP-CAM on PASCAL VOC 2012 as the public code runs it, with the saliency of a detector.
_base_ = ['../_base_/recipes/sp_cam_faithful.py', '../_base_/datasets/voc12.py']
data = dict(train=dict(held_out=0.0))
