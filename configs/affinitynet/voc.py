# AffinityNet (Ahn and Kwak, CVPR 2018) on the maps of cam/voc.py, with the alphas of the paper.
_base_ = [
    '../cam/voc.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_r50.py',
]
pipeline = [
    'classifier', 'cams', 'map_labels', 'affinity_labels', 'affinity', 'walked',
    'pseudo_labels', 'cams_test', 'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
