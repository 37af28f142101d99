# Classifier of IRNet (Ahn, Cho, Kwak, CVPR 2019): 5 epochs of 16 images, long side 320 to 640,
# crops of 512 padded with the mean colour, the new layer learns 10 times faster, lr falls at every
# iteration with power 0.9 to 0 at the last. The published 0.1 belongs to a momentum of practically
# 0 (classifier_irn_momentum0.py); with momentum 0.9 a tenth of it is the same pace.
classifier_recipe = dict(
    batch_size=16,
    pipeline=[
        dict(type='wsss.LoadImage'),
        dict(
            type='RandomChoiceResize',
            scales=[(side, side) for side in range(320, 641, 16)],
            resize_type='Resize',
            keep_ratio=True,
        ),
        dict(type='wsss.PaddedCrop', crop_size=512, pad_val=(124, 116, 104)),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ],
    max_epochs=5,
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
        paramwise_cfg=dict(
            custom_keys={
                'head': dict(lr_mult=10),
                'head.fc.bias': dict(lr_mult=0, decay_mult=0),
            }
        ),
    ),
)
