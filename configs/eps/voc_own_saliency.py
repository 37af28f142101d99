# eps/voc.py with image labels alone: saliency comes from class-agnostic maps.
_base_ = [
    './voc.py',
    '../_base_/stages/ccam.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/stages/saliency.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
saliency_dir = '@saliency/saliency'
ccam_model = dict(backbone=dict(init_cfg=dict(checkpoint='torchvision://resnet50')))
