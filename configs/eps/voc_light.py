# eps/voc.py at a size for CPUs.
_base_ = [
    '../_base_/recipes/multi_label_eps_light.py',
    '../_base_/datasets/voc12.py',
    '../_base_/models/classifier_eps_mobilenet_v2.py',
    '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py',
]
data = dict(train=dict(split='train'))
# so few images and steps: the segmentor starts from what the classifier has learnt
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='@classifier/weights.pth')))
