# AffinityNet (Ahn and Kwak, CVPR 2018) on heat maps of tight boxes, which are simulated.
_base_ = [
    '../box_heatmap/pets.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_r50.py',
]
pipeline = ['seeds', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'segmentor']
affinity_from = '@seeds/scores'
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=8))
affinity_model = dict(bg_power=1)
label_scores = '@walked/scores'
