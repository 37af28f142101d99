# SC-CAM as its public code trains it: all without momentum; the rounds on crops of 224 at the rate
# 0.01, falling over 61 epochs, of which the first 30, 40 and 50 are run.
_base_ = ['./voc.py']
classifier = dict(optim_wrapper=dict(optimizer=dict(lr=0.1, momentum=5e-4)))
round_pipeline = [
    dict(type='wsss.LoadImage'),
    dict(
        type='RandomChoiceResize',
        scales=[(side, side) for side in range(256, 513, 16)],
        resize_type='Resize',
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, backend='cv2'),
    dict(type='RandomCrop', crop_size=224, pad_if_needed=True, pad_val=(124, 116, 104)),
    dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
]
# wsss.SubCategoryHead divides the loss by 1 + sub_weight
round_classifier = dict(
    optim_wrapper=dict(
        _delete_=True,
        _ref_='@classifier.optim_wrapper',
        optimizer=dict(lr=0.01 * 6, weight_decay=5e-4 / 6),
    ),
    param_scheduler=dict(_delete_=True, _ref_='@classifier.param_scheduler', end=61),
)
classifier1 = dict(train_cfg=dict(max_epochs=30))
classifier2 = dict(train_cfg=dict(max_epochs=40))
classifier3 = dict(train_cfg=dict(max_epochs=50))
affinity = dict(optim_wrapper=dict(optimizer=dict(lr=0.1, momentum=5e-4)))
