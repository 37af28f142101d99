# sp_cam/coco.py at a size for CPUs.
_base_ = ['../_base_/recipes/sp_cam_light.py', '../_base_/datasets/coco14.py']
