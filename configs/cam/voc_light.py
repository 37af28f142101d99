# cam/voc.py at a size for CPUs.
_base_ = [
    '../_base_/recipes/voc_light.py',
    '../_base_/models/classifier_mobilenet_v2_multi_label.py',
    '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py',
]
# so few images and steps: the segmentor starts from what the classifier has learnt
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth')))
