# bbox_affinity/pets.py at a size for CPUs.
_base_ = [
    '../box_heatmap/pets_light.py',
    '../_base_/stages/affinity_light.py',
    '../_base_/models/affinity_mobilenet_v2.py',
]
pipeline = ['seeds', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'segmentor']
affinity_from = '@seeds/scores'
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=8))
affinity_model = dict(bg_power=1, steps=64)  # half of the size of VOC's images
label_scores = '@walked/scores'
