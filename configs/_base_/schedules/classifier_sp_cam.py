# Both classifiers of SP-CAM: 12 epochs of 32 images, long side 320 to 640, crops of 512 padded with
# the mean colour; new layers learn 10 times faster, biases twice as fast as weights and without
# decay (those of the kernels as their weights), lr falls at every iteration with power 0.9. The
# published 0.01 belongs to a momentum of practically 0 (sp_cam/voc_faithful.py); with momentum 0.9
# a tenth of it is the same pace.
_base_ = ['./classifier_eps.py']
classifier_recipe = dict(
    batch_size=32,
    scales=[(side, side) for side in range(320, 641, 32)],
    crop_size=512,
    pipeline=[
        dict(type='wsss.LoadImage'),
        dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
        dict(type='wsss.AppendSaliency'),
        dict(type='Compose', transforms='@classifier_recipe.crops'),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ],
    max_epochs=12,
    optim_wrapper=dict(
        optimizer=dict(weight_decay=4e-5),
        paramwise_cfg=dict(
            custom_keys={'bias': dict(decay_mult=0), 'head.fc.bias': dict(lr_mult=20, decay_mult=0)}
        ),
    ),
)
