# SP-CAM on MS-COCO 2014, without any saliency.
_base_ = ['../_base_/recipes/sp_cam_no_saliency.py', '../_base_/datasets/coco14.py']
segmentor_recipe = dict(max_epochs=8)
# the mean over the classes
classifier_model = dict(head=dict(loss=dict(loss_weight=1 / 80)))
