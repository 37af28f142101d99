# voc_psa.py with AffinityNet, as published, between maps and labels.
_base_ = ['./voc_psa.py', '../stages/affinity.py', '../models/affinity_r38.py']
pipeline = [
    'classifier', 'cams', 'map_labels', 'affinity_labels', 'affinity', 'walked',
    'pseudo_labels', 'cams_test', 'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
