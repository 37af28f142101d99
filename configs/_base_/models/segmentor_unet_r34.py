# U-Net on ResNet-34 with ImageNet weights: decoder channels 256-128-64-32-16, scores at the size of
# the image. The level of stride 2 is the output of the stem (`relu`), which mmseg's ResNet does not
# give. `pretrained` of a recipe is for its classifier, so the weights are named here.
# Sizes are padded to whole cells of the coarsest level.
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
        type='wsss.TorchvisionBackbone',
        name='resnet34',
        out_layers=('relu', 'layer1', 'layer2', 'layer3', 'layer4'),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet34'),
    ),
    decode_head=dict(
        type='wsss.UNetHead',
        in_channels=(64, 64, 128, 256, 512),
        channels=(256, 128, 64, 32, 16),
        dropout_ratio=0,
        num_classes='@data/num_labels',
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
