# The same chain at a size for CPUs: MobileNetV2, 224 px, few epochs.
_base_ = ['./pets_to_labels.py', '../stages/segmentor_light.py']
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
                dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.4, 1.0)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                _pack,
            ]
        ),
    ),
    val_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='Resize', scale=(224, 224)),
                _pack,
            ]
        ),
    ),
    train_cfg=dict(max_epochs=6),
    optim_wrapper=dict(optimizer=dict(lr=0.002), clip_grad=dict(max_norm=5)),
)
cams = dict(
    test_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='wsss.MultiScaleViews', scales=(0.75, 1.0, 1.5), base_size=(224, 224),
                    keep_ratio=False,
                ),
                dict(type='wsss.PackViews'),
            ]
        ),
    ),
)  # fmt: skip
