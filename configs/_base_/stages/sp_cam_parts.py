# What each part of sp_cam.py is worth: labels of the first classifier's maps (map_labels), of the
# second's as they are on the grid (grid_labels), and after the walk (walk_labels); the labels after
# the walk and at the pixels are pseudo_labels. The first's maps after both, without a second
# classifier: superpixel_walk.py and superpixel_walk_labels. Only where the pipeline says so.
_rest = [dict(type='wsss.LoadMask', optional=True), dict(type='wsss.PackScores')]
labels_of_maps = dict(
    default_scope='mmseg',
    model='@pseudo_labels.model',
    test_dataloader=dict(batch_size=16, dataset=dict(_ref_='@data/train', test_mode=True)),
    test_cfg='@pseudo_labels.test_cfg',
    test_evaluator='@pseudo_labels.test_evaluator',
    default_hooks='@pseudo_labels.default_hooks',
)
map_labels = dict(
    run='test',
    _ref_='@labels_of_maps',
    test_dataloader=dict(
        dataset=dict(pipeline=[dict(type='wsss.LoadScores', folder='@cams/scores'), *_rest])
    ),
)
sp_cams_grid = dict(
    run='test', _ref_='@superpixel_maps', model=dict(to_pixels=dict(steps=0, upsample=False))
)
grid_labels = dict(
    run='test',
    _ref_='@labels_of_maps',
    test_dataloader=dict(
        dataset=dict(pipeline=[dict(type='wsss.LoadScores', folder='@sp_cams_grid/scores'), *_rest])
    ),
)
sp_cams_walk = dict(
    run='test', _ref_='@superpixel_maps', model=dict(to_pixels=dict(upsample=False))
)
walk_labels = dict(
    run='test',
    _ref_='@labels_of_maps',
    test_dataloader=dict(
        dataset=dict(pipeline=[dict(type='wsss.LoadScores', folder='@sp_cams_walk/scores'), *_rest])
    ),
)
superpixel_walk_labels = dict(
    run='test',
    _ref_='@labels_of_maps',
    test_dataloader=dict(
        dataset=dict(
            pipeline=[dict(type='wsss.LoadScores', folder='@superpixel_walk/scores'), *_rest]
        )
    ),
)
