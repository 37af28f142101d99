# sp_cam_no_saliency.py at a size for CPUs. The head sums the losses of the classes, so a
# config lets the term on maps (sp_map_losses) weigh as many times as much.
_base_ = [
    './multi_label_light.py',
    '../schedules/sp_cam_light.py',
    '../models/classifier_mobilenet_v2_multi_label.py',
    '../models/segmentor_deeplabv3_mobilenet_v2.py',
    '../stages/sp_cam_no_saliency.py',
    '../stages/sp_cam_parts.py',
    '../stages/superpixel_walk.py',
]
pipeline = [
    'classifier', 'cams', 'map_labels', 'superpixels', 'sp_classifier', 'sp_cams',
    'pseudo_labels', 'sp_cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
cams = dict(test_dataloader=dict(dataset=dict(pipeline='@sp_cam_views')))
# superpixels take most of the time of a step: fewer epochs, from what the first classifier learnt
sp_classifier_epochs = 6
sp_classifier = dict(
    model=dict(backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth'))),
)
kernels = dict(in_channels=1280, reduce=128, hidden=(128,), kernel_size=1)
segmentor_model = dict(
    backbone=dict(init_cfg=dict(checkpoint='@sp_classifier/weights.pth')),
)
segmentor = dict(train_cfg=dict(max_epochs=12))
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
