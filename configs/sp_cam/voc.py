# SP-CAM on PASCAL VOC 2012 from image labels alone: saliency is made of class-agnostic maps.
_base_ = [
    '../_base_/recipes/multi_label_eps.py',
    '../_base_/datasets/voc12.py',
    '../_base_/models/classifier_eps_resnest50.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
    '../_base_/stages/ccam.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/stages/saliency.py',
    '../_base_/stages/sp_cam.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'superpixels', 'sp_classifier', 'sp_cams', 'pseudo_labels', 'sp_cams_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
saliency_dir = '@saliency/saliency'
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/resnest/'
    'resnest50_imagenet_converted-1ebf0afe.pth'
)
ccam_model = dict(backbone=dict(init_cfg=dict(checkpoint='torchvision://resnet50')))
cams = dict(model=dict(cam=dict(type='wsss.SoftmaxCAM')))
kernels = dict(in_channels=2048)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
