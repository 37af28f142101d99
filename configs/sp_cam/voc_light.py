# SP-CAM at a size for CPUs, from image labels alone: saliency is made of class-agnostic maps.
_base_ = ['../eps/voc_own_saliency_light.py', '../_base_/stages/sp_cam.py']
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'superpixels', 'sp_classifier', 'sp_cams', 'pseudo_labels', 'sp_cams_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
cams = dict(model=dict(cam=dict(type='wsss.SoftmaxCAM')))
kernels = dict(in_channels=1280, reduce=128, hidden=(128,), kernel_size=1)
superpixel_model = dict(data_preprocessor=dict(size=(256, 256)))
superpixels = dict(
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadScores', folder='@cams/scores'),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
                dict(type='wsss.MapsAsFields'),
                dict(type='RandomCrop', crop_size=(256, 256)),
                dict(type='RandomFlip', prob=0.5),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=10),
    custom_hooks=[dict(type='wsss.RampLossWeight', begin=7, end=7)],
)
segmentor = dict(
    model=dict(backbone=dict(init_cfg=dict(checkpoint='@sp_classifier/weights.pth'))),
)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
