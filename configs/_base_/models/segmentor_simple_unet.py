# The U-Net of a student project: one level, 32-64 channels, no norms, 64,642 parameters.
_base_ = ['./segmentor_unet.py']
segmentor_model = dict(
    data_preprocessor=dict(size_divisor=2, test_cfg=dict(size_divisor=2)),
    backbone=dict(_delete_=True, type='wsss.SimpleUNet'),
    decode_head=dict(
        _delete_=True,
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
)
