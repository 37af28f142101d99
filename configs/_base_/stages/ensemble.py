# Maps of several stages made one, without a network. Which, and how: arguments of
# wsss.CombineScores.
ensemble_members = dict(specific=['@cams/scores', '@other_cams/scores'], mode='mean_models')
ensemble_members_test = dict(
    _ref_='@ensemble_members', specific=['@cams_test/scores', '@other_cams_test/scores']
)
ensemble = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(_ref_='@ensemble_members', type='wsss.CombineScores'),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
# the same on the test split
ensemble_test = dict(
    run='test',
    default_scope='mmseg',
    model='@ensemble.model',
    test_dataloader=dict(
        _ref_='@ensemble.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(_ref_='@ensemble_members_test', type='wsss.CombineScores'),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg='@ensemble.test_cfg',
    test_evaluator='@ensemble.test_evaluator',
    default_hooks='@ensemble.default_hooks',
)
