# sub_category_teaching/voc.py at a size for CPUs: ImageNet's MobileNetV2 teaches itself. Its head
# sums the losses of the 20 classes, beside which soft targets weigh a twentieth.
_base_ = ['../affinitynet/voc_light.py', '../_base_/stages/sub_categories.py']
pipeline = [
    'features1', 'sub_categories1', 'classifier1', 'cams', 'map_labels', 'affinity_labels',
    'affinity', 'walked', 'pseudo_labels', 'cams_test', 'walked_test', 'pseudo_labels_test',
    'segmentor',
]  # fmt: skip
feature_views = dict(base_size=224, keep_ratio=False)
features1 = dict(load_from=None, model=dict(neck=None, head=None))
clusterer = dict(_delete_=True, type='wsss.FINCH', partition='last')
sub_category_soft = True
sub_category_head = dict(
    sub_weight=2.0,
    distill=[dict(type='wsss.DistillLoss', kind='soft_subclass', temperature=2.0)],
)
cams = dict(load_from='@classifier1/weights.pth', model=dict(_ref_='@classifier1.model'))
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@classifier1/weights.pth')))
