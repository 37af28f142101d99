# fully_supervised/pets_unet_pretrained.py at a size for CPUs.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/models/segmentor_unet_mobilenet_v2.py',
]
pipeline = ['segmentor']
segmentor = dict(train_dataloader=dict(dataset=dict(mask_folder=None)))
