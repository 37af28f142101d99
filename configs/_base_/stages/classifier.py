# Train a classifier on image labels. The network comes from the leaf config or a model fragment.
classifier = dict(
    run='train',
    default_scope='mmpretrain',
    model=dict(_ref_='@classifier_model'),
    train_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomResizedCrop', scale=448, crop_ratio_range=(0.3, 1.0)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(
                    type='PackInputs',
                    meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'),
                ),
            ],
        ),
    ),
    val_dataloader=dict(
        batch_size=32,
        dataset=dict(
            _ref_='@data/val',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(448, 448)),
                dict(
                    type='PackInputs',
                    meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'),
                ),
            ],
        ),
    ),
    test_dataloader='@classifier.val_dataloader',
    train_cfg=dict(by_epoch=True, max_epochs=10, val_interval=1),
    val_evaluator=dict(type='wsss.ClassifierHealth'),
    test_evaluator=dict(type='wsss.ClassifierHealth'),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
        paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
    ),
    param_scheduler=dict(
        type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, convert_to_iter_based=True,
        begin=0, end='@classifier.train_cfg.max_epochs',
    ),
)  # fmt: skip
