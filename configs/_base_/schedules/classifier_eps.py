# Classifier of EPS (Lee et al., CVPR 2021) on PASCAL VOC: 20,000 iterations of 8 images (15 epochs
# of train_aug), long side 256 to 512, crops of 448 padded with the mean colour, colour jitter; new
# layers learn 10 times faster, biases twice as fast as weights, lr falls at every iteration with
# power 0.9 to 0 at the last. The published 0.01 belongs to a momentum of practically 0
# (eps/voc_momentum0.py); with momentum 0.9 a tenth of it is the same pace. On MS-COCO: 50
# epochs of 16 images, long side 256 to 448, crops of 321.
saliency_dir = None
classifier_recipe = dict(
    batch_size=8,
    scales=[(side, side) for side in range(256, 513, 16)],
    crop_size=448,
    crops=[
        dict(
            type='RandomChoiceResize',
            scales='@classifier_recipe.scales',
            resize_type='Resize',
            keep_ratio=True,
        ),
        dict(type='RandomFlip', prob=0.5, direction='horizontal'),
        dict(
            type='wsss.PaddedCrop',
            crop_size='@classifier_recipe.crop_size',
            pad_val=(124, 116, 104),
        ),
    ],
    pipeline=[
        dict(type='wsss.LoadImage'),
        # before saliency, which is no colour
        dict(
            type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, backend='cv2'
        ),
        dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
        dict(type='wsss.AppendSaliency'),
        dict(type='Compose', transforms='@classifier_recipe.crops'),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ],
    max_epochs=15,
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=5e-4),
        paramwise_cfg=dict(custom_keys={'bias': dict(lr_mult=2), 'head': dict(lr_mult=10)}),
    ),
)
