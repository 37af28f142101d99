# SP-CAM on Oxford-IIIT Pet (37 breeds, one in an image), without any saliency.
_base_ = ['../_base_/recipes/sp_cam_no_saliency.py', '../_base_/datasets/oxford_pet.py']
# the mean over the classes
classifier_model = dict(head=dict(loss=dict(loss_weight=1 / 37)))
