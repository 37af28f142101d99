# An ablation of affinitynet/pets.py: eight neighbours, no feature distance, few steps.
_base_ = [
    '../cam/pets.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_neighbors_r18.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=8))
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
