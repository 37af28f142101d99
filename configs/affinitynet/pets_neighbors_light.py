# affinitynet/pets_neighbors.py at a size for CPUs.
_base_ = [
    '../cam/pets_light.py',
    '../_base_/stages/affinity_light.py',
    '../_base_/models/affinity_neighbors_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=8))
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
