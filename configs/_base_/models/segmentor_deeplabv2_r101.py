# DeepLab V2: ResNet-101 at output stride 8, ASPP, three scales fused by their maximum; batch norm
# frozen. It starts from ImageNet weights. The public reference starts from weights trained on the
# pixel labels of COCO (its 76.65 mIoU, supervised), which is more than image-level labels: figures
# from such weights must say so. `pretrained` of a recipe is for its classifier, so the weights are
# named here.
segmentor_model = dict(
    type='wsss.MultiScaleSegmentor',
    scales=(1, 0.75, 0.5),
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
        type='ResNet',
        depth=101,
        num_stages=4,
        out_indices=(3,),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    decode_head=dict(
        type='wsss.ASPPV2Head',
        in_channels=2048,
        dilations=(6, 12, 18, 24),
        num_classes='@data/num_labels',
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
