# grad_cam_pp/pets_unet_pretrained.py at a size for CPUs: U-Net on MobileNetV2.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/models/classifier_mobilenet_v2.py',
    '../_base_/models/segmentor_unet_mobilenet_v2.py',
]
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
