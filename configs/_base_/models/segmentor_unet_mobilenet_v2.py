# The same on MobileNetV2, scores at half the size of the image, for CPUs; batch norm of the
# backbone frozen.
_base_ = ['./segmentor_unet_r34.py']
segmentor_model = dict(
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        widen_factor=1.0,
        frozen_stages=2,
        out_indices=(0, 1, 2, 4, 6),
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    decode_head=dict(in_channels=(16, 24, 32, 96, 320), channels=(96, 64, 32, 16)),
)
