# CAM (Zhou et al., CVPR 2016) of a ResNet-50 breed classifier, DeepLabV3-R50 on its labels.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/models/classifier_r50.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
