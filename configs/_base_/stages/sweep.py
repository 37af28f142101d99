# Maps of every epoch of the classifier at several thresholds: the held-out images choose both.
# The classifier keeps a checkpoint of each epoch (default_hooks.checkpoint.max_keep=-1); maps are
# made as in the stage cams, of the views sweep_views.
sweep_views = dict(
    type='wsss.MultiScaleViews', scales=(1.0,), base_size=(224, 224), keep_ratio=False
)
sweep = dict(
    run='test',
    default_scope='mmpretrain',
    model='@cams.model',
    test_dataloader=dict(
        batch_size='@cams.test_dataloader.batch_size',
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask', optional=True),
                '@sweep_views',
                dict(type='wsss.PackViews'),
            ],
        ),
    ),
    test_cfg=dict(
        type='wsss.SweepLoop',
        training='@classifier',
        epochs='@classifier.train_cfg.max_epochs',
        thresholds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    ),
)
