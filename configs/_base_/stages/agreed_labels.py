# Labels on which several pseudo-label stages agree, 255 elsewhere. A segmentor takes them with
# mask_folder='@agreed_labels/masks' of its training set.
agreed = dict(folders=['@pseudo_labels/masks', '@other_labels/masks'], ignore='any')
agreed_labels = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(_ref_='@agreed', type='wsss.AgreedLabels'),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_evaluator=dict(type='wsss.MaskMetric', held_out='exclude'),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
