# The chain on your own pictures, 448 / 512 px, several classes in an image, masks not needed: the
# background threshold is one for each map (Otsu), and figures are given where there are masks.
_base_ = [
    '../default_runtime.py',
    '../datasets/folder.py',
    '../stages/classifier.py',
    '../stages/cams.py',
    '../stages/pseudo_labels.py',
    '../stages/cams_test.py',
    '../stages/segmentor.py',
]
pipeline = ['classifier', 'cams', 'pseudo_labels', 'segmentor']
pretrained = 'torchvision://resnet50'
classifier = dict(
    val_evaluator=dict(multi_label=True),
    test_evaluator=dict(multi_label=True),
)
# has no threshold to search; with another labeler the stage's HeldOutThreshold comes into force
pseudo_labels = dict(model=dict(labeler=dict(_delete_=True, type='wsss.Otsu')))
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out',
)  # fmt: skip
segmentor = dict(
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='Resize', scale=(s, s), keep_ratio=True)
                         for s in (384, 512, 640)],
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
                        [dict(type='wsss.LoadMask', optional=True)],
                        [dict(type='PackSegInputs', meta_keys=_meta_keys)],
                    ],
                ),
            ]
        ),
    ),
)  # fmt: skip
