# ccam.py with sizes, batches and epochs for CPUs.
_base_ = ['./ccam.py']
polarity = dict(
    dataset=dict(
        pipeline=[
            dict(type='wsss.LoadImage'),
            dict(type='wsss.MultiScaleViews', base_size=(224, 224), keep_ratio=False),
            dict(type='wsss.PackViews'),
        ],
    ),
)
ccam = dict(
    train_dataloader=dict(
        batch_size=64,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(256, 256)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='RandomCrop', crop_size=224),
                dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape')),
            ],
        ),
    ),
    optim_wrapper=dict(optimizer=dict(lr=0.01)),
)
ccam_maps = dict(
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='wsss.MultiScaleViews', scales=(1.0, 1.5, 2.0), base_size=(224, 224),
                    keep_ratio=False,
                ),
                dict(type='wsss.PackViews'),
            ]
        ),
    ),
)  # fmt: skip
