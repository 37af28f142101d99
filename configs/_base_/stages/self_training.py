# Rounds of self-training: the network labels the training images anew, and trains on.
#
#   segmentor -> round1_scores -> round1_labels -> round1 -> round2_scores -> ... -> chosen -> test
#
# Stages of rounds 1 to 10 are made below; the pipeline of a config says how many are run, and
# chosen.test_cfg.candidates among which the held-out images choose.
teacher_resize = [dict(type='Resize', scale=(s, s), keep_ratio=True) for s in (384, 512, 640)]
teacher = dict(type='wsss.SegmentorScores')
relabel_refiners = [
    dict(
        type='wsss.SuperpixelVote', mode='conf', min_confidence=0.7,
        superpixels=dict(type='wsss.SLIC'), cache_dir='work_dirs/cache/superpixels',
    ),
    dict(type='wsss.ClassMorphology'),
]  # fmt: skip
relabel = dict(type='wsss.LabelScores', labeler=dict(type='wsss.ArgMax'))
round_scores = dict(
    default_scope='mmseg',
    model='@segmentor.model',
    tta_model='@teacher',
    test_dataloader=dict(
        batch_size=1,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        '@teacher_resize',
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
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
round_labels = dict(
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(batch_size=4, dataset=dict(_ref_='@data/train', test_mode=True)),
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
round_labels_metric = dict(type='wsss.MaskMetric', held_out='exclude')
round_training = dict(
    default_scope='mmseg',
    model='@segmentor.model',
    train_dataloader=dict(_ref_='@segmentor.train_dataloader'),
    train_cfg=dict(by_epoch=True, max_epochs=5),
    # a tenth of the first training's
    optim_wrapper=dict(_ref_='@segmentor.optim_wrapper', optimizer=dict(lr=0.001)),
    param_scheduler=dict(
        _ref_='@segmentor.param_scheduler', end='@round_training.train_cfg.max_epochs'
    ),
)
_network, _labels = 'segmentor', 'pseudo_labels'
for _name in [f'round{_number}' for _number in range(1, 11)]:
    globals()[f'{_name}_scores'] = dict(
        run='test', _ref_='@round_scores', load_from=f'@{_network}/weights.pth'
    )
    globals()[f'{_name}_labels'] = dict(
        run='test',
        _ref_='@round_labels',
        test_dataloader=dict(
            dataset=dict(
                pipeline=[
                    # labels_only=False: whose scores there are is up to the teacher
                    dict(type='wsss.LoadScores', folder=f'@{_name}_scores/scores',
                         labels_only=False),
                    dict(type='wsss.LoadImage'),
                    dict(type='wsss.Refine', refiners='@relabel_refiners'),
                    '@relabel',
                    dict(type='wsss.LoadMask', optional=True),
                    dict(type='wsss.PackScores'),
                ],
            ),
        ),
        test_evaluator=[
            '@round_labels_metric', dict(type='wsss.LabelChange', folder=f'@{_labels}/masks'),
        ],
    )  # fmt: skip
    globals()[_name] = dict(
        run='train',
        _ref_='@round_training',
        load_from=f'@{_network}/weights.pth',
        train_dataloader=dict(dataset=dict(mask_folder=f'@{_name}_labels/masks')),
    )
    _network, _labels = _name, f'{_name}_labels'
chosen = dict(
    run='test',
    default_scope='mmseg',
    model='@segmentor.model',
    tta_model='@segmentor.tta_model',
    test_dataloader=dict(
        _ref_='@segmentor.test_dataloader',
        dataset=dict(
            _delete_=True,
            _ref_='@data/train',
            test_mode=True,
            pipeline='@segmentor.test_dataloader.dataset.pipeline',
        ),
    ),
    test_cfg=dict(
        type='wsss.ChooseWeights',
        rule='best',
        candidates=['@segmentor/weights.pth']
        + [f'@round{_number}/weights.pth' for _number in range(1, 4)],
    ),
    test_evaluator=dict(type='wsss.MaskMetric', held_out='only'),
    default_hooks=dict(contact_sheet=dict(num_images=0)),
)
test = dict(
    run='test',
    default_scope='mmseg',
    load_from='@chosen/weights.pth',
    model='@segmentor.model',
    tta_model='@segmentor.tta_model',
    test_dataloader='@segmentor.test_dataloader',
    test_evaluator='@segmentor.test_evaluator',
    default_hooks='@segmentor.default_hooks',
)
