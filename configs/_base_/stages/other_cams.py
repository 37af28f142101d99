# Maps of a second kind from the same classifier, for ensembles.
other_cams = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@classifier/weights.pth',
    model=dict(_ref_='@cams.model', cam=dict(_delete_=True, type='wsss.GradCAMPlusPlus')),
    test_dataloader='@cams.test_dataloader',
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
# the same on the test split
other_cams_test = dict(
    run='test',
    default_scope='mmpretrain',
    load_from='@classifier/weights.pth',
    model='@other_cams.model',
    test_dataloader='@cams_test.test_dataloader',
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
