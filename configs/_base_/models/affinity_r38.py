# AffinityNet on ResNet-38d as published; first convolution and stage fixed, batch norm frozen.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    backbone=dict(
        _delete_=True,
        type='wsss.ResNet38d',
        out_indices=(0, 1, 2),
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained'),
    ),
    in_channels=(512, 1024, 4096),
)
