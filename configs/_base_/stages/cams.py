# Class activation maps of the training images, several scales and mirrored.
cams = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@classifier/weights.pth',
    model=dict(
        _ref_='@classifier.model',
        cam=dict(type='wsss.CAM'),
        fusion=dict(flip=True, norm='after'),
    ),
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
