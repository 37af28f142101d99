# C2AM on ResNet-50 at output stride 16: the last two stages, 3,072 channels.
ccam_model = dict(
    type='wsss.CCAM',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(
        type='ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        out_indices=(2, 3),
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained'),
    ),
    in_channels=(1024, 2048),
    alpha=0.25,
)
