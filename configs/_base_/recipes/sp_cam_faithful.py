# sp_cam.py as the public code runs it (commit 800c6d5), also where that costs accuracy. Say where
# the saliency of a detector is: --cfg-options saliency_dir=DIR. The superpixels start from the
# released weights of SpixelFCN: superpixel_model.network.init_cfg.checkpoint=FILE. Its number of
# steps, threshold and epoch were chosen with the masks of the training images; here they are the
# ones of its scripts, and the last epoch.
_base_ = ['./sp_cam.py']
pipeline = [
    'classifier', 'cams', 'map_labels', 'superpixels', 'sp_classifier', 'sp_cams',
    'pseudo_labels', 'sp_cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
saliency_dir = None
superpixel_model = dict(
    network=dict(init_cfg=dict(type='Pretrained', checkpoint='weights/SpixelNet_bsd_ckpt.tar')),
)
classifier_recipe = dict(optim_wrapper=dict(optimizer=dict(lr=0.01, momentum=4e-5)))
kernels = dict(padding_mode='circular', last_activation=True)
sp_classifier = dict(
    optim_wrapper=dict(
        paramwise_cfg=dict(
            custom_keys={
                'kernels.layers': dict(lr_mult=500),
                **{
                    f'kernels.layers.{i}.bias': dict(lr_mult=1000, decay_mult=0)
                    for i in (0, 2, 4, 6)
                },
            }
        ),
    ),
)
pseudo_labels = dict(
    test_cfg=dict(threshold=dict(_delete_=True, type='wsss.FixedThreshold', value=0.2))
)
