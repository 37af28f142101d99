# Sub-category exploration as the public project of mixup_cam/voc_faithful.py ran it: images and
# labels of `val` are clustered with those of `train`, which the record shows (transductive).
_base_ = ['../_base_/recipes/voc_mva.py', '../_base_/stages/sub_categories.py']
pipeline = [
    'classifier', 'features1', 'sub_categories1', 'classifier1', 'cams', 'map_labels',
    'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test', 'walked_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
feature_views = dict(base_size=224, keep_ratio=False)
clusterer = dict(_delete_=True, type='wsss.FINCH', partition='last')
sub_category_head = dict(sub_weight=2.0)
# wsss.SubCategoryHead divides the loss by 1 + sub_weight
round_classifier = dict(
    optim_wrapper=dict(
        _delete_=True,
        _ref_='@classifier.optim_wrapper',
        optimizer=dict(lr=0.1 * 3, weight_decay=5e-4 / 3),
        clip_grad=dict(max_norm=1 / 3),
    )
)
features1 = dict(test_dataloader=dict(dataset=dict(split='trainval')))
sub_categories1 = dict(
    test_dataloader=dict(dataset=dict(split='trainval')), test_cfg=dict(transductive=True)
)
cams = dict(load_from='@classifier1/weights.pth', model=dict(_ref_='@classifier1.model'))
