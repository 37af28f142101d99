# Rounds of sub-category exploration: what the classifier of the round before sees in each image,
# the images of each class clustered by it, a classifier of classes and sub-classes.
#
#   classifier -> features1 -> sub_categories1 -> classifier1 -> features2 -> ... -> cams
#
# Stages of rounds 1 to 5 are made below; the pipeline of a config says how many are run, and
# cams.load_from and cams.model which of them makes the maps.
feature_views = dict(type='wsss.MultiScaleViews', scales=(1.0,))
clusterer = dict(type='wsss.KMeans', k=10)
sub_category_soft = False  # True keeps shares, for DistillLoss(kind='soft_subclass')
sub_category_head = dict(type='wsss.SubCategoryHead', sub_weight=5.0)
round_features = dict(
    default_scope='mmpretrain',
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'), '@feature_views', dict(type='wsss.PackViews'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='features/{}.npy'),
    default_hooks=dict(
        writer=dict(type='wsss.FeatureWriter'), contact_sheet=dict(num_images=0),
    ),
)  # fmt: skip
round_sub_categories = dict(
    default_scope='mmpretrain',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(dataset=dict(_ref_='@data/train', test_mode=True)),
    test_cfg=dict(
        type='wsss.SubCategoryLoop',
        clusterer='@clusterer',
        training_split='@data/train/split',
        soft='@sub_category_soft',
    ),
    default_hooks=dict(contact_sheet=dict(num_images=0)),
)
round_pipeline = '@classifier.train_dataloader.dataset.pipeline'
round_classifier = dict(
    default_scope='mmpretrain',
    train_dataloader='@classifier.train_dataloader',
    val_dataloader='@classifier.val_dataloader',
    test_dataloader='@classifier.val_dataloader',
    train_cfg='@classifier.train_cfg',
    val_evaluator='@classifier.val_evaluator',
    test_evaluator='@classifier.test_evaluator',
    optim_wrapper='@classifier.optim_wrapper',
    param_scheduler='@classifier.param_scheduler',
)
_before = 'classifier'
for _number in range(1, 6):
    _table = f'@sub_categories{_number}/sub_categories.json'
    globals()[f'features{_number}'] = dict(
        run='test',
        _ref_='@round_features',
        load_from=f'@{_before}/weights.pth',
        model=dict(_ref_=f'@{_before}.model', type='wsss.FeatureClassifier'),
    )
    globals()[f'sub_categories{_number}'] = dict(
        run='test',
        _ref_='@round_sub_categories',
        test_cfg=dict(
            features=dict(type='wsss.LoadFeatures', folder=f'@features{_number}/features')
        ),
    )
    # from the first weights again, not from those of the round before
    globals()[f'classifier{_number}'] = dict(
        run='train',
        _ref_='@round_classifier',
        model=dict(
            _ref_='@classifier.model', head=dict(_ref_='@sub_category_head', table=_table)
        ),
        train_dataloader=dict(
            dataset=dict(
                pipeline=[
                    dict(type='wsss.LoadSubCategories', table=_table),
                    dict(
                        type='Compose',
                        transforms='@round_pipeline',
                    ),
                ],
            ),
        ),
    )  # fmt: skip
    _before = f'classifier{_number}'
