# MobileNetV2 at output stride 16 for CPUs: the first five stages and all batch norms are frozen.
classifier_model = dict(
    type='wsss.CAMClassifier',
    output_stride=16,
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(
        type='MobileNetV2',
        frozen_stages=5,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes='@data/num_classes',
        in_channels=1280,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
