# Grad-CAM++ labels, U-Net on a pretrained ResNet-34.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/models/classifier_r50.py',
    '../_base_/models/segmentor_unet_r34.py',
]
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
