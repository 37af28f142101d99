# CAM (Zhou et al., CVPR 2016) of a ResNet-50 multi-label classifier, DeepLabV3-R50 on its labels.
_base_ = [
    '../_base_/recipes/coco.py',
    '../_base_/models/classifier_r50_multi_label.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
