# CAM of the classifier of AffinityNet, DeepLab V2 on its labels: the baseline of PSA, SC-CAM,
# Mixup-CAM and their like.
_base_ = ['../_base_/recipes/voc_psa.py', '../_base_/models/segmentor_deeplabv2_r101.py']
