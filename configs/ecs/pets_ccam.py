# C2AM that also learns from class maps completed by erasing (the idea of ECS-Net, Sun et al., ICCV
# 2021), on the backbone of a breed classifier.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/stages/ccam.py',
    '../_base_/models/classifier_r50.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/models/ecs_head.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
pipeline = [
    'classifier', 'ccam', 'ccam_maps', 'pseudo_labels', 'ccam_maps_test', 'pseudo_labels_test',
    'segmentor',
]  # fmt: skip
ccam_model = dict(
    type='wsss.ECSCCAM',
    backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth', prefix='backbone.')),
    cls_head=dict(_ref_='@ecs_head', in_channels=2048),
)
ccam = dict(custom_hooks=[])  # targets know which side is the object
label_scores = '@ccam_maps/scores'
label_scores_test = '@ccam_maps_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
