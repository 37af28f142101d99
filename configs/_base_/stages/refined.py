# Maps that follow the image: refiners in the workers of the loader, one after the other.
# Whose maps: a config that refines walked maps sets refined_from = '@walked/scores'.
refined_from = '@cams/scores'
refined_from_test = '@cams_test/scores'
refiners = [dict(type='wsss.DenseCRF')]
_refine = [
    dict(type='wsss.LoadImage'),
    dict(type='wsss.Refine', refiners='@refiners'),
    dict(type='wsss.PackScores'),
]
refined = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=4,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[dict(type='wsss.LoadScores', folder='@refined_from'), *_refine],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
# the same on the test split
refined_test = dict(
    run='test',
    default_scope='mmseg',
    model='@refined.model',
    test_dataloader=dict(
        _ref_='@refined.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline=[dict(type='wsss.LoadScores', folder='@refined_from_test'), *_refine],
        ),
    ),
    test_cfg='@refined.test_cfg',
    test_evaluator='@refined.test_evaluator',
    default_hooks='@refined.default_hooks',
)
