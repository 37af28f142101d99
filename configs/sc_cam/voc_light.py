# sc_cam/voc.py at a size for CPUs: one round, images at 224 px for the features, few sub-classes.
_base_ = ['../affinitynet/voc_light.py', '../_base_/stages/sub_categories.py']
pipeline = [
    'classifier', 'features1', 'sub_categories1', 'classifier1', 'cams', 'map_labels',
    'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test', 'walked_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
feature_views = dict(base_size=224, keep_ratio=False)
clusterer = dict(k=4)
cams = dict(load_from='@classifier1/weights.pth', model=dict(_ref_='@classifier1.model'))
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@classifier1/weights.pth')))
