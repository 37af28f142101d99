# affinitynet/pets.py at a size for CPUs.
_base_ = [
    '../cam/pets_light.py',
    '../_base_/stages/affinity.py',
    '../_base_/models/affinity_mobilenet_v2.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@walked/scores'
label_scores_test = '@walked_test/scores'
affinity = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(
                    type='RandomResize', scale=(320, 320), ratio_range=(0.8, 1.2), keep_ratio=True
                ),
                dict(type='RandomCrop', crop_size=(224, 224)),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=4),
    optim_wrapper=dict(optimizer=dict(lr=0.005), clip_grad=dict(max_norm=5)),
)
