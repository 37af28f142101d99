# AffinityNet on MobileNetV2 at output stride 8, for CPUs; batch norm of the backbone frozen.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    data_preprocessor=dict(size=(224, 224)),
    backbone=dict(
        _delete_=True,
        type='mmseg.MobileNetV2',  # ends before the 1280 channels
        strides=(1, 2, 2, 1, 1, 1, 1),
        dilations=(1, 1, 1, 2, 2, 4, 4),
        out_indices=(2, 4, 6),
        frozen_stages=2,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=(32, 96, 320),
    channels=(32, 64, 128),
)
