# ResNet-50 for images with several classes: one sigmoid for each class.
_base_ = ['./classifier_r50.py']
classifier_model = dict(
    head=dict(type='MultiLabelLinearClsHead', loss=dict(use_sigmoid=True)),
)
