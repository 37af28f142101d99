# ensemble/pets_cams.py at a size for CPUs.
_base_ = [
    '../cam/pets_light.py',
    '../_base_/stages/other_cams.py',
    '../_base_/stages/ensemble.py',
]
pipeline = [
    'classifier', 'cams', 'other_cams', 'ensemble', 'pseudo_labels', 'cams_test',
    'other_cams_test', 'ensemble_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@ensemble/scores'
label_scores_test = '@ensemble_test/scores'
