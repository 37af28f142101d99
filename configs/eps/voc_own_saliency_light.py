# eps/voc_light.py with image labels alone: saliency comes from class-agnostic maps.
_base_ = [
    './voc_light.py',
    '../_base_/stages/ccam_light.py',
    '../_base_/models/ccam_mobilenet_v2.py',
    '../_base_/stages/saliency.py',
]
pipeline = [
    'ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency', 'classifier',
    'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
saliency_dir = '@saliency/saliency'
foreground_sizes = dict(scale=(320, 320), crop_size=(224, 224))
saliency_net = dict(train_cfg=dict(max_epochs=6))
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@pretrained')))
segmentor = dict(
    model=dict(backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth'))),
)
