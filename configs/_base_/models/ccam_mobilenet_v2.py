# C2AM on MobileNetV2 at output stride 16, for CPUs: of the backbone only the last convolution is
# trained.
ccam_model = dict(
    type='wsss.CCAM',
    output_stride=16,
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(
        type='MobileNetV2',
        out_indices=(4, 7),
        frozen_stages=7,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=(96, 1280),
    alpha=0.25,
)
