# Label maps from the score maps, with a threshold chosen on the held-out part.
# Whose scores: a config with a refined stage sets label_scores = '@refined/scores'.
label_scores = '@cams/scores'
pseudo_labels = dict(
    run='test',
    default_scope='mmseg',
    model=dict(
        type='wsss.PseudoLabelModel',
        labeler=dict(type='wsss.GlobalThreshold'),
    ),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@label_scores'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PseudoLabelLoop', threshold=dict(type='wsss.HeldOutThreshold')),
    test_evaluator=dict(type='wsss.MaskMetric', held_out='exclude'),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
