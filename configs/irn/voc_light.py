# irn/voc.py at a size for CPUs; 0.13 above and 0.10 below the held-out threshold of its maps.
_base_ = [
    '../cam/voc_light.py',
    '../_base_/stages/boundary_light.py',
    '../_base_/models/boundary_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
confident_labels = dict(labeler=dict(fg=0.48, bg=0.25))
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
