# AffinityNet as published (Ahn and Kwak, CVPR 2018): ResNet-38d for the classifier, the affinities
# and the segmentor, a DeepLab V1.
_base_ = [
    '../_base_/recipes/voc_psa_walked.py',
    '../_base_/models/segmentor_deeplabv1_r38.py',
]
