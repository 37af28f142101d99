# ccam_crf/pets.py with a U-Net from scratch as segmentor.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/stages/ccam.py',
    '../_base_/stages/refined_ccam.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/models/segmentor_unet.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'refined', 'pseudo_labels', 'ccam_maps_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
