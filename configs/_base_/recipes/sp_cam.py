# SP-CAM from image labels alone: saliency is made of class-agnostic maps.
_base_ = [
    './multi_label_by_recipe.py',
    '../schedules/classifier_sp_cam.py',
    '../schedules/sp_cam.py',
    '../schedules/segmentor_deeplabv2.py',
    '../models/classifier_eps_resnest50.py',
    '../models/segmentor_deeplabv2_r101.py',
    '../stages/ccam.py',
    '../models/ccam_r50.py',
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
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/resnest/'
    'resnest50_imagenet_converted-1ebf0afe.pth'
)
ccam_model = dict(backbone=dict(init_cfg=dict(checkpoint='torchvision://resnet50')))
saliency_dir = '@saliency/saliency'
cams = dict(model=dict(cam=dict(type='wsss.SoftmaxCAM')))
kernels = dict(in_channels=2048)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
