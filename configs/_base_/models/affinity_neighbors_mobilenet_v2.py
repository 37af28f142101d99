# Eight affinities of a MobileNetV2 at stride 32, for CPUs; batch norm of the backbone frozen.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    type='wsss.NeighborAffinityNet',
    data_preprocessor=dict(size=(224, 224)),
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        frozen_stages=2,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=1280,
)
