# Maps of any method walk over the superpixels that the stage `superpixels` has learnt (sp_cam.py),
# and follow their outlines: pipeline = [..., 'superpixels', 'superpixel_walk', 'pseudo_labels'],
# label_scores = '@superpixel_walk/scores'. Whose maps: walked_from.
walked_from = '@cams/scores'
superpixel_walk = dict(
    run='test',
    default_scope='mmseg',
    load_from='@superpixels/weights.pth',
    model=dict(
        type='wsss.SuperpixelNetWalk',
        network='@superpixel_model.network',
        data_preprocessor='@superpixel_model.data_preprocessor',
        steps='@to_pixels.steps',
        upsample='@to_pixels.upsample',
    ),
    test_dataloader=dict(
        batch_size=8,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@walked_from'),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.PackScores', with_image=True),
            ],
        ),
    ),
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
