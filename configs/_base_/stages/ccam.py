# Class-agnostic maps: trained by contrast on images without labels, turned the right way round
# once, several scales and mirrored. The network comes from a model fragment (ccam_model).
polarity = dict(
    type='wsss.PolarityHook',
    mode='border',
    dataset=dict(
        _ref_='@data/train',
        test_mode=True,
        pipeline=[
            dict(type='wsss.LoadImage'),
            dict(type='wsss.MultiScaleViews', base_size=(448, 448), keep_ratio=False),
            dict(type='wsss.PackViews'),
        ],
    ),
)
ccam = dict(
    run='train',
    default_scope='mmpretrain',
    model=dict(_ref_='@ccam_model'),
    train_dataloader=dict(
        batch_size=128,
        drop_last=True,  # all processes contrast batches of one size
        dataset=dict(
            _ref_='@data/train',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(512, 512)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='RandomCrop', crop_size=448),
                dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape')),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=10),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4),
        paramwise_cfg=dict(custom_keys={'.head.': dict(lr_mult=10)}),
    ),
    param_scheduler=dict(
        type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, convert_to_iter_based=True,
        begin=0, end='@ccam.train_cfg.max_epochs',
    ),
    custom_hooks=['@polarity'],
)  # fmt: skip
ccam_maps = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@ccam/weights.pth',
    model=dict(_ref_='@ccam.model', fusion=dict(flip=True, norm='after')),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.MultiScaleViews', scales=(0.5, 1.0, 1.5, 2.0)),
                dict(type='wsss.PackViews'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
# the same on the test split
ccam_maps_test = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@ccam/weights.pth',
    model='@ccam_maps.model',
    test_dataloader=dict(
        _ref_='@ccam_maps.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline='@ccam_maps.test_dataloader.dataset.pipeline',
        ),
    ),
    test_cfg='@ccam_maps.test_cfg',
    test_evaluator='@ccam_maps.test_evaluator',
    default_hooks='@ccam_maps.default_hooks',
)
