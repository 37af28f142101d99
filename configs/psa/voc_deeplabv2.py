# psa/voc.py with DeepLab V2 on the labels: what SC-CAM, Mixup-CAM and their like are compared with.
_base_ = [
    '../_base_/recipes/voc_psa_walked.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
]
