# AffinityNet as published (Ahn and Kwak, CVPR 2018): ResNet-38d for the classifier, the affinities
# and the segmentor, a DeepLab V1.
_base_ = [
    '../_base_/recipes/voc_psa.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_r38.py',
    '../_base_/models/segmentor_deeplabv1_r38.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
