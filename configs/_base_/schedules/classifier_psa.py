# Classifier of AffinityNet (Ahn, Kwak, CVPR 2018): 15 epochs of 16 images, long side 256 to 512,
# crops of 448 padded with the mean colour, colour jitter; new layers learn 10 times faster, biases
# twice as fast as weights, lr falls at every iteration with power 0.9 to 0 at the last. The
# published 0.1 belongs to a momentum of practically 0 (classifier_psa_momentum0.py).
classifier_recipe = dict(
    batch_size=16,
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
        dict(type='wsss.PaddedCrop', crop_size=448, pad_val=(124, 116, 104)),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ],
    max_epochs=15,
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
        paramwise_cfg=dict(
            custom_keys={
                'bias': dict(lr_mult=2),
                'head': dict(lr_mult=10),
                'head.fc.bias': dict(lr_mult=0, decay_mult=0),
                'head.sub_fc.bias': dict(lr_mult=20),
            }
        ),
    ),
)
