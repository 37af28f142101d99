# segmentor.py with sizes and epochs for CPUs.
_base_ = ['./segmentor.py']
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
