# The same chain at a size for CPUs: MobileNetV2, 224 px, few epochs.
_base_ = ['./pets.py']
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/mobilenet_v2/'
    'mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth'
)
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))
classifier = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.4, 1.0)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                _pack,
            ]
        ),
    ),
    val_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(224, 224)),
                _pack,
            ]
        ),
    ),
    train_cfg=dict(max_epochs=6),
    optim_wrapper=dict(optimizer=dict(lr=0.002), clip_grad=dict(max_norm=5)),
)
cams = dict(
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='wsss.MultiScaleViews', scales=(0.75, 1.0, 1.5), base_size=(224, 224),
                    keep_ratio=False,
                ),
                dict(type='wsss.PackViews'),
            ]
        ),
    ),
)  # fmt: skip
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out', 'mask_path', 'mask_values',
)  # fmt: skip
segmentor = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(
                    type='RandomResize', scale=(256, 256), ratio_range=(0.75, 1.5), keep_ratio=True
                ),
                dict(type='RandomCrop', crop_size=(224, 224)),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ]
        ),
    ),
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='Resize', scale=(s, s), keep_ratio=True) for s in (224, 320)],
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
                        [dict(type='wsss.LoadMask')],
                        [dict(type='PackSegInputs', meta_keys=_meta_keys)],
                    ],
                ),
            ]
        ),
    ),
    train_cfg=dict(max_epochs=8),
    optim_wrapper=dict(optimizer=dict(lr=0.005), clip_grad=dict(max_norm=5)),
)
