# What each part of sp_cam.py is worth: labels of the first classifier's maps (map_labels), of the
# second's as they are on the grid (grid_labels), and after the walk (walk_labels); the labels after
# the walk and at the pixels are pseudo_labels. Only where the pipeline says so.
map_labels = dict(
    run='test',
    default_scope='mmseg',
    model='@pseudo_labels.model',
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@cams/scores'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg='@pseudo_labels.test_cfg',
    test_evaluator='@pseudo_labels.test_evaluator',
)
sp_cams_grid = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@sp_cams.load_from',
    model=dict(_ref_='@sp_cams.model', to_pixels=dict(steps=0, upsample=False)),
    test_dataloader='@cams.test_dataloader',
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
grid_labels = dict(
    run='test',
    default_scope='mmseg',
    model='@pseudo_labels.model',
    test_dataloader=dict(
        _ref_='@map_labels.test_dataloader',
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadScores', folder='@sp_cams_grid/scores'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg='@pseudo_labels.test_cfg',
    test_evaluator='@pseudo_labels.test_evaluator',
)
sp_cams_walk = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@sp_cams.load_from',
    model=dict(_ref_='@sp_cams.model', to_pixels=dict(upsample=False)),
    test_dataloader='@cams.test_dataloader',
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
walk_labels = dict(
    run='test',
    default_scope='mmseg',
    model='@pseudo_labels.model',
    test_dataloader=dict(
        _ref_='@map_labels.test_dataloader',
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadScores', folder='@sp_cams_walk/scores'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg='@pseudo_labels.test_cfg',
    test_evaluator='@pseudo_labels.test_evaluator',
)
