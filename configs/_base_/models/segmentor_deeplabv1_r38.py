# DeepLab V1 (LargeFOV) on ResNet-38d, as the segmentors of PSA and its successors; batch norm
# frozen. tools/model_converters/resnet38d.py makes its ImageNet weights from the public file.
segmentor_model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(321, 321),
    ),
    backbone=dict(
        type='wsss.ResNet38d', init_cfg=dict(type='Pretrained', checkpoint='@pretrained')
    ),
    decode_head=dict(
        type='wsss.LargeFOVHead',
        in_channels=4096,
        channels=512,
        dilation=12,
        num_classes='@data/num_labels',
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
