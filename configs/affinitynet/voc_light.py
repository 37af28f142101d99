# affinitynet/voc.py at a size for CPUs.
_base_ = [
    '../cam/voc_light.py',
    '../_base_/stages/affinity_light.py',
    '../_base_/models/affinity_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
affinity_model = dict(steps=64)  # images of half the size
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
