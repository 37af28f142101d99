# The main job on generated images: no download, no weights, minutes on two CPU cores.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/shapes.py',
    '../_base_/stages/classifier.py',
    '../_base_/stages/cams.py',
    '../_base_/stages/pseudo_labels.py',
    '../_base_/stages/cams_test.py',
    '../_base_/stages/segmentor.py',
]
pipeline = ['classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']

classifier_model = dict(
    type='wsss.CAMClassifier',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
    backbone=dict(type='wsss.PlainConvNet', strides=(2, 2, 2, 1)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='MultiLabelLinearClsHead',
        num_classes='@data/num_classes',
        in_channels=128,
        loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
    ),
)
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))
classifier = dict(
    train_dataloader=dict(
        batch_size=16,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='RandomFlip', prob=0.5, direction='vertical'),
                _pack,
            ]
        ),
    ),
    val_dataloader=dict(dataset=dict(pipeline=[dict(type='wsss.LoadImage'), _pack])),
    val_evaluator=dict(multi_label=True),
    test_evaluator=dict(multi_label=True),
    train_cfg=dict(max_epochs=22),
    optim_wrapper=dict(
        _delete_=True,
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-2),
    ),
)
cams = dict(
    model=dict(cam=dict(type='wsss.CAM')),
    test_dataloader=dict(
        batch_size=32,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.MultiScaleViews', scales=(1.0, 1.5, 2.0)),
                dict(type='wsss.PackViews'),
            ]
        ),
    ),
)
# DeepLabV3+ on the classifier's backbone, which has learned from image labels alone
segmentor_model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=8,
        test_cfg=dict(size_divisor=8),
    ),
    backbone=dict(
        _ref_='@classifier_model.backbone',
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(type='Pretrained', checkpoint='@classifier/weights.pth', prefix='backbone.'),
    ),
    decode_head=dict(
        type='DepthwiseSeparableASPPHead',
        in_channels=128,
        in_index=3,
        channels=64,
        dilations=(1, 2, 3),
        c1_in_channels=16,
        c1_channels=16,
        dropout_ratio=0.1,
        num_classes='@data/num_labels',
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out',
)  # fmt: skip
segmentor = dict(
    tta_model=None,
    train_dataloader=dict(
        batch_size=16,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='RandomFlip', prob=0.5, direction='vertical'),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ]
        ),
    ),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ]
        ),
    ),
    train_cfg=dict(max_epochs=10),
    optim_wrapper=dict(
        _delete_=True,
        type='OptimWrapper',
        optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2),
    ),
)
