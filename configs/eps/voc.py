# EPS (Lee et al., CVPR 2021): a classifier whose maps add up to the saliency. Say where that is:
# --cfg-options saliency_dir=DIR
_base_ = [
    '../_base_/recipes/multi_label_eps.py',
    '../_base_/datasets/voc12.py',
    '../_base_/models/classifier_eps_r38.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
]
