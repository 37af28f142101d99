# MobileNetV2 for images with several classes: one sigmoid for each class.
_base_ = ['./classifier_mobilenet_v2.py']
classifier_model = dict(
    head=dict(type='MultiLabelLinearClsHead', loss=dict(use_sigmoid=True)),
)
