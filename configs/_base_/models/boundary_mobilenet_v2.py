# Boundaries of IRNet on MobileNetV2 for CPUs; unlike the paper's, the last stage learns.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    type='wsss.BoundaryNet',
    data_preprocessor=dict(size=(224, 224)),
    backbone=dict(
        _delete_=True,
        type='mmseg.MobileNetV2',
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(1, 2, 4, 6),
        frozen_stages=5,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained', prefix='backbone.'),
    ),
    in_channels=(24, 32, 96, 320),
)
