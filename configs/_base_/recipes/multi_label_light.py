# The same chain at a size for CPUs: MobileNetV2, 256 px crops, few epochs.
_base_ = ['./multi_label.py']
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/mobilenet_v2/'
    'mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth'
)
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))
classifier = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomResizedCrop', scale=256, crop_ratio_range=(0.3, 1.0)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(
                    type='ColorJitter',
                    brightness=0.3,
                    contrast=0.3,
                    saturation=0.3,
                    hue=0.1,
                    backend='cv2',
                ),
                _pack,
            ]
        ),
    ),
    val_dataloader=dict(
        dataset=dict(
            pipeline=[dict(type='wsss.LoadImage'), dict(type='Resize', scale=(288, 288)), _pack]
        ),
    ),
    train_cfg=dict(max_epochs=10, val_interval=5),
    optim_wrapper=dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=5)),
)
_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out',
)  # fmt: skip
segmentor = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(
                    type='RandomResize', scale=(320, 320), ratio_range=(0.75, 1.5), keep_ratio=True
                ),
                dict(type='RandomCrop', crop_size=(224, 224)),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs', meta_keys=_meta_keys),
            ]
        ),
    ),
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='Resize', scale=(s, s), keep_ratio=True) for s in (256, 320)],
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
                        [dict(type='wsss.LoadMask')],
                        [dict(type='PackSegInputs', meta_keys=_meta_keys)],
                    ],
                ),
            ]
        ),
    ),
    train_cfg=dict(max_epochs=24),
    optim_wrapper=dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=5)),
)
