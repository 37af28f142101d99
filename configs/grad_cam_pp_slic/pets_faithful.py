# The public project with its lists of images and its choices, also those that cost accuracy.
_base_ = [
    '../_base_/recipes/pets_256.py',
    '../_base_/models/classifier_r18.py',
    '../_base_/models/segmentor_deeplabv3_r50_torchvision.py',
]
_not_normalised = dict(mean=[0.0] * 3, std=[255.0] * 3)
classifier_model = dict(data_preprocessor=_not_normalised)
segmentor_model = dict(data_preprocessor=_not_normalised)
