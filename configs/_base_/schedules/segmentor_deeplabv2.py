# DeepLab V2 as in its public PyTorch reference: 20,000 iterations of 10 images (21 epochs of
# train_aug less a held-out tenth, where its masks are trained on; 22,000 on pseudo labels, which
# the tenth has, too), the image at 0.5 to 1.5 of its size, crops of 321, mirrored; the
# weights of the ASPP learn 10 times, its biases 20 times as fast, without decay; the learning rate
# falls at every iteration with power 0.9. Tested on the image as it is. A config takes it by
#
#   segmentor = dict(
#       train_dataloader=dict(
#           batch_size='@segmentor_recipe.batch_size',
#           dataset=dict(pipeline='@segmentor_recipe.pipeline'),
#       ),
#       test_dataloader=dict(dataset=dict(pipeline='@segmentor_recipe.test_pipeline')),
#       train_cfg=dict(max_epochs='@segmentor_recipe.max_epochs'),
#       optim_wrapper=dict(_ref_='@segmentor_recipe.optim_wrapper', _delete_=True),
#   )
_segmentor_meta_keys = (
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape', 'scale_factor', 'flip',
    'flip_direction', 'reduce_zero_label', 'held_out', 'mask_path', 'mask_values',
)  # fmt: skip
segmentor_recipe = dict(
    batch_size=10,
    pipeline=[
        dict(type='wsss.LoadImage'),
        dict(type='wsss.LoadMask'),
        dict(
            type='RandomChoice',
            transforms=[
                [dict(type='Resize', scale_factor=s, keep_ratio=True)]
                for s in (0.5, 0.75, 1.0, 1.25, 1.5)
            ],
        ),
        dict(type='RandomCrop', crop_size=(321, 321)),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackSegInputs', meta_keys=_segmentor_meta_keys),
    ],
    test_pipeline=[
        dict(type='wsss.LoadImage'),
        dict(
            type='TestTimeAug',
            transforms=[
                [dict(type='RandomFlip', prob=0.0)],
                [dict(type='wsss.LoadMask')],
                [dict(type='PackSegInputs', meta_keys=_segmentor_meta_keys)],
            ],
        ),
    ],
    max_epochs=21,
    optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
        paramwise_cfg=dict(
            custom_keys={
                'decode_head': dict(lr_mult=10),
                **{
                    f'decode_head.conv_seg.{i}.bias': dict(lr_mult=20, decay_mult=0)
                    for i in range(4)
                },
            }
        ),
    ),
)
