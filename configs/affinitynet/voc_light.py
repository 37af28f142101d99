# affinitynet/voc.py at a size for CPUs. Its maps need another background than the paper's, chosen
# on the held-out images; images are of half the size, which a quarter of the steps crosses.
_base_ = [
    '../cam/voc_light.py',
    '../_base_/stages/affinity_light.py',
    '../_base_/models/affinity_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'cams', 'map_labels', 'affinity_labels', 'affinity', 'walked',
    'pseudo_labels', 'cams_test', 'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=16))
affinity_model = dict(bg_power=4, power=16, steps=64)
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
