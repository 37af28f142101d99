# sweep/pets.py at a size for CPUs: MobileNetV2, of which the upper stages are trained.
_base_ = [
    '../_base_/recipes/pets_sweep.py',
    '../_base_/stages/segmentor_light.py',
    '../_base_/models/classifier_mobilenet_v2.py',
    '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py',
]
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/mobilenet_v2/'
    'mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth'
)
