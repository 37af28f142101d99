# Sub-category teaching: sub-classes that a vision transformer sees, for a CNN (one round).
_base_ = ['../psa/voc_deeplabv2.py', '../_base_/stages/sub_categories.py']
pipeline = [
    'features1', 'sub_categories1', 'classifier1', 'cams', 'map_labels', 'affinity_labels',
    'affinity', 'walked', 'pseudo_labels', 'cams_test', 'walked_test', 'pseudo_labels_test',
    'segmentor',
]  # fmt: skip
teacher_weights = (
    'https://download.openmmlab.com/mmclassification/v0/vit/finetune/'
    'vit-base-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-98e8652b.pth'
)
feature_views = dict(base_size=224, keep_ratio=False)
features1 = dict(
    load_from=None,
    model=dict(
        _delete_=True,
        type='wsss.FeatureClassifier',
        data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=False),
        backbone=dict(
            type='VisionTransformer',
            arch='b',
            img_size=384,  # of its position embedding; smaller images get it interpolated
            patch_size=16,
            init_cfg=dict(type='Pretrained', checkpoint='@teacher_weights', prefix='backbone.'),
        ),
    ),
)
clusterer = dict(_delete_=True, type='wsss.FINCH', partition='last')
sub_category_soft = True
# distill=() leaves the hard labels of the project
sub_category_head = dict(
    sub_weight=2.0,
    distill=[dict(type='wsss.DistillLoss', kind='soft_subclass', temperature=2.0)],
)
cams = dict(load_from='@classifier1/weights.pth', model=dict(_ref_='@classifier1.model'))
