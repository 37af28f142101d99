# As bennylao/cv-cam-based-img-segmentation does it: its lists, images squashed to 256 x 256 px,
# three levels of labels (background, doubtful, pet), ten rounds of one epoch.
_base_ = ['./pets.py', '../stages/self_training.py']
pipeline = ['classifier', 'cams', 'pseudo_labels', 'segmentor']
pipeline += [f'round{_number}{_what}' for _number in range(1, 11)
             for _what in ('_scores', '_labels', '')]  # fmt: skip
verify_files = False  # labels have the size of the squashed images, not of the files
_load = dict(type='wsss.LoadImage', size=(256, 256))
_levels = ('background', 'doubtful', 'pet')
data = dict(
    num_labels=3,
    train=dict(
        split='train_ids.json', held_out=0.0,
        metainfo=dict(classes=_levels, class_to_label=(2,) * 37),
    ),
    val=dict(split='test_ids.json'),
    test=dict(split='test_ids.json'),
    # the same images; the classes are the levels
    levels=dict(
        _ref_='@data/train', label_mode='binary',
        metainfo=dict(image_classes=_levels[1:], class_to_label=(1, 2)),
    ),
)  # fmt: skip
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))
classifier = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                _load,
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(type='RandomFlip', prob=0.5, direction='vertical'),
                dict(type='Rotate', magnitude_range=(0, 30), pad_val=0, prob=1.0),
                _pack,
            ],
        ),
    ),
    val_dataloader=dict(dataset=dict(pipeline=[_load, _pack])),
    optim_wrapper=dict(
        _delete_=True,
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-3),
    ),
    param_scheduler=None,
)
cams = dict(
    model=dict(
        cam=dict(
            _delete_=True, type='wsss.GradCAMPlusPlus', variant='pixelwise', norm='minmax',
        ),
        fusion=dict(flip=False, norm='before', stride=1),
        class_source='pred',
    ),
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                _load,
                # 128, 256, 512 and 1024 px
                dict(
                    type='wsss.MultiScaleViews', scales=(0.5, 1.0, 2.0, 4.0), base_size=256,
                    keep_ratio=False,
                ),
                dict(type='wsss.PackViews'),
            ],
        ),
    ),
)  # fmt: skip
pseudo_labels = dict(
    model=dict(
        labeler=dict(_delete_=True, type='wsss.DualThreshold', low=0.4, high=0.6, between=1)
    ),
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                # no truth: it is not squashed
                dict(type='wsss.LoadScores', folder='@label_scores', labels_only=False),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(threshold=None),
)
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out', 'mask_path', 'mask_values',
)  # fmt: skip
segmentor = dict(
    tta_model=None,
    train_dataloader=dict(
        batch_size=64,
        dataset=dict(
            pipeline=[
                _load,
                dict(type='wsss.LoadMask'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='RandomFlip', prob=0.5, direction='vertical'),
                # corners become background
                dict(type='RandomRotate', prob=1.0, degree=30, pad_val=0, seg_pad_val=0),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ],
        ),
    ),
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(256, 256), keep_ratio=False, backend='pillow'),
                dict(type='wsss.LoadMask'),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=5),
    # doubtful counts as pet
    test_evaluator=dict(presets=['M1'], merge=(0, 1, 1)),
    optim_wrapper=dict(
        _delete_=True,
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4),
    ),
    param_scheduler=None,
)
teacher = dict(restrict=False, stride=1)
round_scores = dict(
    test_dataloader=dict(
        dataset=dict(
            _delete_=True,
            _ref_='@data/levels',
            test_mode=True,
            pipeline=[
                _load,
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='RandomFlip', prob=0.0)],
                        [
                            dict(
                                type='PackSegInputs',
                                meta_keys=(*_meta_keys, 'gt_label', 'class_to_label'),
                            )
                        ],
                    ],
                ),
            ],
        ),
    ),
)
relabel_refiners = [
    dict(
        type='wsss.SuperpixelVote', mode='soft', mean='geometric',
        superpixels=dict(type='wsss.SLIC', num_segments=200, compactness=0.01, sigma=5.0),
        cache_dir='work_dirs/cache/superpixels',
    ),
    dict(type='wsss.ClassMorphology', radius=3, ordered=True),
]  # fmt: skip
round_labels = dict(test_dataloader=dict(dataset=dict(_ref_='@data/levels')))
for _number in range(1, 11):
    globals()[f'round{_number}_labels'] = dict(
        test_dataloader=dict(
            dataset=dict(
                pipeline=[
                    dict(
                        type='wsss.LoadScores', folder=f'@round{_number}_scores/scores',
                        labels_only=False,
                    ),
                    _load,
                    dict(type='wsss.Refine', refiners='@relabel_refiners'),
                    '@relabel',
                    dict(type='wsss.PackScores'),
                ],
            ),
        ),
    )  # fmt: skip
round_training = dict(
    train_cfg=dict(max_epochs=1),
    optim_wrapper=dict(
        _delete_=True,
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=1e-3, weight_decay=1e-4),
    ),
    param_scheduler=None,
    # every round is reported; none is chosen
    test_dataloader='@segmentor.test_dataloader',
    test_evaluator='@segmentor.test_evaluator',
)
