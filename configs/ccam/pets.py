# Class-agnostic maps of C2AM (Xie et al., CVPR 2022), one model for all images, no image labels.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/stages/ccam.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'pseudo_labels', 'ccam_maps_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@ccam_maps/scores'
label_scores_test = '@ccam_maps_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
