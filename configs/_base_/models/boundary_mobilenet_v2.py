# Boundaries of IRNet on MobileNetV2 for CPUs; unlike the paper's, the later stages learn.
affinity_model = dict(
    type='wsss.BoundaryNet',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(224, 224),
    ),
    backbone=dict(
        type='mmseg.MobileNetV2',
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(1, 2, 4, 6),
        frozen_stages=5,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=(24, 32, 96, 320),
)
