# U-Net from scratch with a quarter of the channels: 16-32-64-128-256, for CPUs.
_base_ = ['./segmentor_unet.py']
segmentor_model = dict(
    backbone=dict(base_channels=16), decode_head=dict(in_channels=16, channels=16)
)
