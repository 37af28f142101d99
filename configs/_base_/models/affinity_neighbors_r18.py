# Eight affinities of a ResNet-18 at stride 32, an ablation.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    type='wsss.NeighborAffinityNet',
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18'),
    ),
    in_channels=512,
)
