# sp_cam.py at a size for CPUs.
_base_ = [
    './multi_label_eps_light.py',
    '../schedules/sp_cam_light.py',
    '../models/classifier_eps_mobilenet_v2.py',
    '../models/segmentor_deeplabv3_mobilenet_v2.py',
    '../stages/ccam_light.py',
    '../models/ccam_mobilenet_v2.py',
    '../stages/saliency.py',
    '../stages/sp_cam.py',
    '../stages/sp_cam_parts.py',
    '../stages/superpixel_walk.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'map_labels', 'superpixels', 'sp_classifier', 'sp_cams', 'pseudo_labels',
    'sp_cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
saliency_dir = '@saliency/saliency'
foreground_sizes = dict(scale=(320, 320), crop_size=(224, 224))
saliency_net = dict(train_cfg=dict(max_epochs=6))
cams = dict(
    model=dict(cam=dict(type='wsss.SoftmaxCAM')),
    test_dataloader=dict(dataset=dict(pipeline='@sp_cam_views')),
)
# superpixels take most of the time of a step: fewer epochs, from what the first classifier learnt
sp_classifier_epochs = 6
sp_classifier = dict(
    model=dict(backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth'))),
)
kernels = dict(in_channels=1280, reduce=128, hidden=(128,), kernel_size=1)
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@pretrained')))
segmentor = dict(
    model=dict(backbone=dict(init_cfg=dict(checkpoint='@sp_classifier/weights.pth'))),
    train_cfg=dict(max_epochs=12),
)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
