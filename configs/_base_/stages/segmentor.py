# Train a segmentor on the pseudo labels, test it on the test split at three scales, mirrored.
# The network comes from a model fragment (segmentor_model).
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out', 'mask_path', 'mask_values',
)  # fmt: skip
segmentor = dict(
    run='train',
    default_scope='mmseg',
    model=dict(_ref_='@segmentor_model'),
    tta_model=dict(type='SegTTAModel'),
    train_dataloader=dict(
        batch_size=16,
        drop_last=True,  # a last batch of one image has no statistics after image pooling
        dataset=dict(
            _ref_='@data/train',
            mask_folder='@pseudo_labels/masks',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='RandomResize', scale=(512, 512), ratio_range=(0.5, 2), keep_ratio=True),
                dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ],
        ),
    ),
    test_dataloader=dict(
        batch_size=1,
        dataset=dict(
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='Resize', scale=(s, s), keep_ratio=True)
                         for s in (384, 512, 640)],
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
                        [dict(type='wsss.LoadMask')],
                        [dict(type='PackSegInputs', meta_keys=_meta_keys)],
                    ],
                ),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=30),
    test_evaluator=dict(type='wsss.MaskMetric'),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
        paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10)}),
    ),
    param_scheduler=dict(
        type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, convert_to_iter_based=True,
        begin=0, end='@segmentor.train_cfg.max_epochs',
    ),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)  # fmt: skip
