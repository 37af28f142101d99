# Class-agnostic maps on the backbone of a breed classifier; an eighth of each batch of both is
# pictures of background.
_base_ = ['../cam/pets_bg.py', '../_base_/stages/ccam.py', '../_base_/models/ccam_r50.py']
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
