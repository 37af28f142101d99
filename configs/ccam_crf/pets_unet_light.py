# ccam_crf/pets_unet.py at a size for CPUs: a U-Net of a quarter of the width.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/stages/ccam_light.py',
    '../_base_/stages/refined.py',
    '../_base_/models/ccam_mobilenet_v2.py',
    '../_base_/models/segmentor_unet.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'refined', 'pseudo_labels', 'ccam_maps_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
refiners = [dict(type='wsss.DenseCRF', preset='psa', bg_power=8)]
refined_from = '@ccam_maps/scores'
refined_from_test = '@ccam_maps_test/scores'
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor_model = dict(
    backbone=dict(base_channels=16), decode_head=dict(in_channels=16, channels=16)
)
segmentor = dict(test_evaluator=dict(presets=['M3']), train_cfg=dict(max_epochs=14))
