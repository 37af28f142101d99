# The same on MobileNetV2 at output stride 16, with half the dilations, for CPUs.
_base_ = ['./segmentor_deeplabv2_r101.py']
segmentor_model = dict(
    data_preprocessor=dict(size=(224, 224)),
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        widen_factor=1.0,
        frozen_stages=2,
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(4, 6),  # the last is used; one alone would not come as a list
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    decode_head=dict(in_channels=320, dilations=(3, 6, 9, 12)),
)
