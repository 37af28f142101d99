# The U-Net of a student project: one level, 32-64 channels, no norms, 64,642 parameters.
segmentor_model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=2,
        test_cfg=dict(size_divisor=2),
    ),
    backbone=dict(type='wsss.SimpleUNet'),
    decode_head=dict(
        type='FCNHead',
        in_channels=32,
        channels=32,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0,
        num_classes='@data/num_labels',
        align_corners=False,
        init_cfg=None,
        loss_decode=dict(type='wsss.SoftmaxFocalLoss', gamma=2.0),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
