# Maps and labels of the test split, made the same way and with the threshold chosen before: the
# level that the segmentor has to beat there.
label_scores_test = '@cams_test/scores'
cams_test = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@cams.load_from',
    model='@cams.model',
    test_dataloader=dict(
        _ref_='@cams.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline='@cams.test_dataloader.dataset.pipeline',
        ),
    ),
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
pseudo_labels_test = dict(
    run='test',
    default_scope='mmseg',
    model='@pseudo_labels.model',
    test_dataloader=dict(
        _ref_='@pseudo_labels.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@label_scores_test'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(
        type='wsss.PseudoLabelLoop',
        threshold=dict(type='wsss.EarlierThreshold', file='@pseudo_labels/threshold.json'),
    ),
    test_evaluator='@pseudo_labels.test_evaluator',
    default_hooks='@pseudo_labels.default_hooks',
)
