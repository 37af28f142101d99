# ccam/pets.py as a public project ran it, see README: 224 px squashed, no augmentation, alpha 0.8,
# constant rate, the sign of each image from its corners, a threshold of 0.8.
_base_ = ['./pets.py']
ccam_model = dict(alpha=0.8, clamp=True, polarity='image')
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape'))
ccam = dict(
    train_dataloader=dict(
        batch_size=32,
        dataset=dict(
            pipeline=[dict(type='wsss.LoadImage'), dict(type='Resize', scale=(224, 224)), _pack]
        ),
    ),
    train_cfg=dict(max_epochs=20),
    optim_wrapper=dict(
        optimizer=dict(momentum=0.0, weight_decay=1e-3),
        paramwise_cfg=dict(custom_keys={'.head.': dict(lr_mult=1)}),
    ),
    param_scheduler=[],
    custom_hooks=[],
)
ccam_maps = dict(
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='wsss.MultiScaleViews', scales=(0.5, 1.0, 1.5, 2.0), base_size=(224, 224),
                    keep_ratio=False,
                ),
                dict(type='wsss.PackViews'),
            ]
        ),
    ),
)  # fmt: skip
pseudo_labels = dict(
    test_cfg=dict(threshold=dict(_delete_=True, type='wsss.FixedThreshold', value=0.8)),
)
