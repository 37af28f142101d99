# voc_psa_walked.py as the public project liuvince/mva-wsss trains it, also where that costs
# accuracy: 1,464 images, crops of 300, one learning rate for all layers, without momentum, which
# would need 100,000 iterations to fall to 0 and has 2,745; labels are the best of the walked
# classes and background.
_base_ = ['./voc_psa_walked.py', '../models/segmentor_deeplabv2_r101.py']
data = dict(train=dict(split='train', held_out=0.0))
classifier_recipe = dict(
    batch_size=8,
    pipeline=[
        dict(type='wsss.LoadImage'),
        dict(
            type='RandomChoiceResize',
            scales=[(side, side) for side in range(256, 513, 16)],
            resize_type='Resize',
            keep_ratio=True,
        ),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(
            type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, backend='cv2'
        ),
        dict(type='RandomCrop', crop_size=300, pad_if_needed=True, pad_val=(124, 116, 104)),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ],
    optim_wrapper=dict(
        _delete_=True,
        optimizer=dict(type='SGD', lr=0.1, momentum=5e-4, weight_decay=5e-4),
        paramwise_cfg=dict(custom_keys={'head.fc.bias': dict(lr_mult=0, decay_mult=0)}),
        clip_grad=dict(max_norm=1),
    ),
)
classifier = dict(param_scheduler=dict(end=100_000 / 183))  # epochs of 183 iterations
affinity = dict(
    train_dataloader=dict(batch_size=2),
    optim_wrapper=dict(optimizer=dict(lr=0.1, momentum=5e-4)),
)
segmentor_recipe = dict(batch_size=2)
pseudo_labels = dict(
    model=dict(labeler=dict(_delete_=True, type='wsss.ArgMax')), test_cfg=dict(threshold=None)
)
map_labels = dict(
    test_cfg=dict(threshold=dict(_delete_=True, type='wsss.FixedThreshold', value=0.15))
)
pseudo_labels_test = dict(test_cfg=dict(threshold=None))
