# One round with the coarsest groups of FINCH, as in liuvince/mva-wsss.
_base_ = ['./voc.py']
pipeline = [
    'classifier', 'features1', 'sub_categories1', 'classifier1', 'cams', 'map_labels',
    'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test', 'walked_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
feature_views = dict(base_size=224, keep_ratio=False)
clusterer = dict(_delete_=True, type='wsss.FINCH', partition='last')
sub_category_head = dict(sub_weight=2.0)
cams = dict(load_from='@classifier1/weights.pth', model=dict(_ref_='@classifier1.model'))
