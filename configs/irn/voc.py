# Boundaries of IRNet (Ahn, Cho and Kwak, CVPR 2019) on the maps of cam/voc_irn.py.
_base_ = [
    '../cam/voc_irn.py',
    '../_base_/stages/boundary.py',
    '../_base_/models/boundary_r50.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
