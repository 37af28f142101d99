# 20 epochs x 9 thresholds of a ResNet-18: the held-out images choose both.
_base_ = [
    '../_base_/recipes/pets_sweep.py',
    '../_base_/stages/segmentor.py',
    '../_base_/models/classifier_r18.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
