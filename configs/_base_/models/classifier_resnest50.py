# ResNeSt-50 as in SP-CAM: output stride 16, where the first block of the last stage loses its
# stride but keeps its average pooling, and the later ones are dilated by 2. Batch norm keeps its
# statistics but trains weight and bias, as all else is trained. mmpretrain's own `strides` and
# `dilations` would drop that pooling and dilate the first block, too.
classifier_model = dict(
    type='wsss.CAMClassifier',
    output_stride=16,
    dilate=True,
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(
        type='ResNeSt',
        depth=50,
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='MultiLabelLinearClsHead',
        num_classes='@data/num_classes',
        in_channels=2048,
        # the mean over the classes; mmpretrain takes their sum
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 20),
    ),
)
