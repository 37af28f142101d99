# AffinityNet (Ahn and Kwak, CVPR 2018) on the maps of cam/pets.py. Pets fill a third of their
# images, more than the objects of VOC: background is weighed accordingly (the paper's alphas are
# 4, 32 and 16), chosen on the held-out images.
_base_ = [
    '../cam/pets.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_r50.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
confident_labels = dict(labeler=dict(alpha_low=1, alpha_high=8))
affinity_model = dict(bg_power=1)
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
