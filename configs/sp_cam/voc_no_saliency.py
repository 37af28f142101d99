# SP-CAM on PASCAL VOC 2012, without any saliency.
_base_ = ['../_base_/recipes/sp_cam_no_saliency.py', '../_base_/datasets/voc12.py']
