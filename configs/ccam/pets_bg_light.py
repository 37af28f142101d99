# ccam/pets_bg.py at a size for CPUs.
_base_ = [
    '../cam/pets_bg_light.py',
    '../_base_/stages/ccam_light.py',
    '../_base_/models/ccam_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'ccam', 'ccam_maps', 'pseudo_labels', 'ccam_maps_test', 'pseudo_labels_test',
    'segmentor',
]  # fmt: skip
ccam_model = dict(
    backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth', prefix='backbone.'))
)
ccam = dict(
    train_dataloader=dict(
        dataset=dict(_ref_='@with_background'), sampler=dict(_ref_='@background_sampler')
    )
)
label_scores = '@ccam_maps/scores'
label_scores_test = '@ccam_maps_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
