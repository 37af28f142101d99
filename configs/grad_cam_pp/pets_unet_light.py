# grad_cam_pp/pets_unet.py at a size for CPUs: a U-Net of a quarter of the width.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/models/classifier_mobilenet_v2.py',
    '../_base_/models/segmentor_unet_quarter.py',
]
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
segmentor = dict(train_cfg=dict(max_epochs=14))
