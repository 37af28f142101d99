# ResNet-38d as in AffinityNet: output stride 8, 4,096 channels of which half are dropped in
# training, one sigmoid for each class, no bias. The first convolution and stage are fixed, batch
# norm is frozen. Weights: tools/model_converters/resnet38d.py.
classifier_model = dict(
    type='wsss.CAMClassifier',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(
        type='wsss.ResNet38d',
        init_cfg=dict(type='Pretrained', checkpoint='@pretrained'),
    ),
    neck=dict(type='wsss.DropoutPooling', dropout=0.5),
    head=dict(
        type='MultiLabelLinearClsHead',
        num_classes='@data/num_classes',
        in_channels=4096,
        # the mean over the classes; mmpretrain takes their sum
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1 / 20),
    ),
)
