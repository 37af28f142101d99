# Boundaries of IRNet on a fixed ResNet-50, whose last level has stride 16.
_base_ = ['./affinity_r50.py']
affinity_model = dict(
    type='wsss.BoundaryNet',
    backbone=dict(
        out_indices=(0, 1, 2, 3), strides=(1, 2, 2, 1), dilations=(1, 1, 1, 1), frozen_stages=4
    ),
    in_channels=(256, 512, 1024, 2048),
)
