# A dense CRF on what the segmentor predicts for the test split, as a stage after it: pipeline =
# [..., 'segmentor', 'segmentor_scores', 'segmentor_crf']. Scores of all labels are stored at a
# quarter of the size of the image.
segmentor_scores = dict(
    run='test',
    default_scope='mmseg',
    load_from='@segmentor/weights.pth',
    model='@segmentor.model',
    tta_model=dict(type='wsss.SegmentorScores', restrict=False),
    test_dataloader=dict(
        batch_size=1,
        dataset=dict(
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='RandomFlip', prob=0.0)],
                        [
                            dict(
                                type='PackSegInputs',
                                meta_keys=(
                                    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape',
                                    'flip', 'flip_direction', 'held_out', 'gt_label',
                                    'class_to_label',
                                ),
                            ),
                        ],
                    ],
                ),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)  # fmt: skip
segmentor_crf = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=4,
        dataset=dict(
            _ref_='@data/test',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@segmentor_scores/scores', labels_only=False),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.Refine', refiners=[dict(type='wsss.DenseCRF', preset='deeplab')]),
                dict(type='wsss.LabelScores', labeler=dict(type='wsss.ArgMax')),
                dict(type='wsss.LoadMask', optional=True),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_evaluator=dict(type='wsss.MaskMetric'),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
