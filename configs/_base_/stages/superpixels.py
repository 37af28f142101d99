# Superpixels that a network learns from human segmentations, and SLIC's, measured against those of
# the test split. The network comes from a model fragment (superpixel_model).
superpixels = dict(
    run='train',
    default_scope='mmseg',
    model=dict(_ref_='@superpixel_model'),
    train_dataloader=dict(
        batch_size=4,
        drop_last=True,
        dataset=dict(
            _ref_='@data/train',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadRegions', choose='random'),
                dict(type='RandomCrop', crop_size=(208, 208)),
                # either way with probability 0.5
                dict(
                    type='RandomFlip', prob=[0.25, 0.25, 0.25],
                    direction=['horizontal', 'vertical', 'diagonal'],
                ),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=4000),  # 300,000 steps on 300 images
    optim_wrapper=dict(
        # 4e-4 for a loss that is a sum over the pixels of a crop times 0.005; ours is their mean
        optimizer=dict(type='Adam', lr=5e-5, weight_decay=4e-4 / (0.005 * 208**2)),
        paramwise_cfg=dict(bias_decay_mult=0.0),
    ),
    param_scheduler=dict(type='MultiStepLR', milestones=[2667], gamma=0.5, by_epoch=True),
    default_hooks=dict(checkpoint=dict(interval=50)),
)  # fmt: skip
superpixels_test = dict(
    run='test',
    default_scope='mmseg',
    load_from='@superpixels/weights.pth',
    model='@superpixels.model',
    test_dataloader=dict(
        batch_size=8,
        dataset=dict(
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadRegions'),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
    test_evaluator=dict(type='wsss.SuperpixelMetric'),
)
# about as many regions on these images as the network's cells, rather fewer; without learning
slic = dict(type='wsss.SLIC', num_segments=310)
slic_test = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=8,
        dataset=dict(
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadRegions'),
                dict(type='wsss.MakeRegions', superpixels='@slic'),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
    test_evaluator='@superpixels_test.test_evaluator',
)
