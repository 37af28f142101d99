# SP-CAM on Oxford-IIIT Pet with the parts and settings of the public code, which does not know this
# data set, and the saliency of a detector.
_base_ = ['../_base_/recipes/sp_cam_faithful.py', '../_base_/datasets/oxford_pet.py']
data = dict(train=dict(held_out=0.0))
