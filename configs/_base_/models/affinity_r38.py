# AffinityNet on ResNet-38d as published; first convolution and stage fixed, batch norm frozen.
affinity_model = dict(
    type='wsss.AffinityNet',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(448, 448),
    ),
    backbone=dict(
        type='wsss.ResNet38d',
        out_indices=(0, 1, 2),
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained'),
    ),
    in_channels=(512, 1024, 4096),
)
