# Grad-CAM++ labels, U-Net from scratch.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/models/classifier_r50.py',
    '../_base_/models/segmentor_unet.py',
]
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
