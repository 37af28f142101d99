# Learn which places belong together, and let the maps walk along: confident labels -> affinity ->
# walked maps. The network comes from a model fragment (affinity_model); affinity_from says whose
# maps: those of boxes, for example, are '@seeds/scores'.
affinity_from = '@cams/scores'
affinity_from_test = '@cams_test/scores'
confident_labels = dict(
    labeler=dict(type='wsss.PSAConf', alpha_low=4, alpha_high=32),
    refiners=[dict(type='wsss.DenseCRF', preset='psa')],
)
affinity_labels = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=4,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@affinity_from'),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.ConfidentLabels', _ref_='@confident_labels'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_evaluator=dict(type='wsss.MaskMetric'),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
# what the maps are worth before they walk, for comparison; only where the pipeline says so
map_labels = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.PseudoLabelModel', labeler=dict(type='wsss.GlobalThreshold')),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@affinity_from'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(
        type='wsss.PseudoLabelLoop',
        threshold=dict(type='wsss.HeldOutThreshold'),
        also_at=(0.15,),  # of PSA, SC-CAM and most papers after them
    ),
    test_evaluator='@pseudo_labels.test_evaluator',
)
affinity = dict(
    run='train',
    default_scope='mmseg',
    model=dict(_ref_='@affinity_model'),
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(
            _ref_='@data/train',
            mask_folder='@affinity_labels/masks',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='RandomCrop', crop_size=(448, 448)),
                dict(type='RandomFlip', prob=0.5),
                dict(
                    type='PhotoMetricDistortion', brightness_delta=76,
                    contrast_range=(0.7, 1.3), saturation_range=(0.7, 1.3), hue_delta=18,
                ),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=8),
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
        paramwise_cfg=dict(custom_keys={'reduce': dict(lr_mult=10), 'mix': dict(lr_mult=10)}),
    ),
    param_scheduler=dict(
        type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, convert_to_iter_based=True,
        begin=0, end='@affinity.train_cfg.max_epochs',
    ),
)  # fmt: skip
_walk = [dict(type='wsss.LoadImage'), dict(type='wsss.PackScores', with_image=True)]
walked = dict(
    run='test',
    default_scope='mmseg',
    load_from='@affinity/weights.pth',
    model=dict(_ref_='@affinity.model'),
    test_dataloader=dict(
        batch_size=8,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[dict(type='wsss.LoadScores', folder='@affinity_from'), *_walk],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
# the same on the test split
walked_test = dict(
    run='test',
    default_scope='mmseg',
    load_from='@affinity/weights.pth',
    model='@walked.model',
    test_dataloader=dict(
        _ref_='@walked.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline=[dict(type='wsss.LoadScores', folder='@affinity_from_test'), *_walk],
        ),
    ),
    test_cfg='@walked.test_cfg',
    test_evaluator='@walked.test_evaluator',
    default_hooks='@walked.default_hooks',
)
