# Eight affinities of a MobileNetV2 at stride 32, for CPUs; batch norm of the backbone frozen.
affinity_model = dict(
    type='wsss.NeighborAffinityNet',
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
        type='MobileNetV2',
        frozen_stages=2,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=1280,
)
