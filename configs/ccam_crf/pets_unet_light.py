# ccam_crf/pets_unet.py at a size for CPUs: a U-Net of a quarter of the width.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/stages/ccam_light.py',
    '../_base_/stages/refined_ccam.py',
    '../_base_/models/ccam_mobilenet_v2.py',
    '../_base_/models/segmentor_unet_quarter.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'refined', 'pseudo_labels', 'ccam_maps_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']), train_cfg=dict(max_epochs=14))
