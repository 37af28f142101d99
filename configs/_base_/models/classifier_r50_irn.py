# ResNet-50 as in IRNet: output stride 16 by a last stride of 1, nothing up to layer2 is trained,
# batch norm keeps its statistics but trains weight and bias from layer3 on, classifier without bias
# (the schedules of IRNet and AffinityNet leave the bias of the head at its start, 0).
_base_ = ['./classifier_r50_multi_label.py']
classifier_model = dict(
    backbone=dict(frozen_stages=2),
    # the mean over the classes, to which the rates of these schedules belong; mmpretrain takes
    # their sum
    head=dict(loss=dict(loss_weight=1 / 20)),
)
