# ensemble/pets.py at a size for CPUs.
_base_ = [
    '../cam/pets_light.py',
    '../_base_/stages/ccam_light.py',
    '../_base_/models/ccam_mobilenet_v2.py',
    '../_base_/stages/ensemble_ccam.py',
]
pipeline = [
    'classifier', 'cams', 'ccam', 'ccam_maps', 'ensemble', 'refined', 'pseudo_labels', 'cams_test',
    'ccam_maps_test', 'ensemble_test', 'refined_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
