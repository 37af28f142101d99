# U-Net on MobileNetV2, scores at half the size of the image, for CPUs; batch norm of the backbone
# frozen. Sizes are padded to whole cells of the coarsest level.
segmentor_model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=32,
        test_cfg=dict(size_divisor=32),
    ),
    backbone=dict(
        type='MobileNetV2',
        widen_factor=1.0,
        frozen_stages=2,
        out_indices=(0, 1, 2, 4, 6),
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    decode_head=dict(
        type='wsss.UNetHead',
        in_channels=(16, 24, 32, 96, 320),
        channels=(96, 64, 32, 16),
        dropout_ratio=0,
        num_classes='@data/num_labels',
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
