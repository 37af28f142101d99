# affinity.py with crops and epochs for CPUs.
_base_ = ['./affinity.py']
affinity = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(
                    type='RandomResize', scale=(320, 320), ratio_range=(0.75, 1.25),
                    keep_ratio=True,
                ),
                dict(type='RandomCrop', crop_size=(224, 224)),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=4),
    optim_wrapper=dict(optimizer=dict(lr=0.005), clip_grad=dict(max_norm=5)),
)  # fmt: skip
