# DeepLabV3 as in torchvision: 256 channels, stronger dropout, no auxiliary head.
_base_ = ['./segmentor_deeplabv3_r50.py']
segmentor_model = dict(
    data_preprocessor=dict(size=None, size_divisor=8, test_cfg=dict(size_divisor=8)),
    decode_head=dict(channels=256, dropout_ratio=0.5),
    auxiliary_head=None,
)
