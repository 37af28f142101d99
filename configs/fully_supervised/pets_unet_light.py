# fully_supervised/pets_unet.py at a size for CPUs: a U-Net of a quarter of the width.
_base_ = ['../_base_/recipes/pets_light.py', '../_base_/models/segmentor_unet_quarter.py']
pipeline = ['segmentor']
segmentor = dict(
    train_dataloader=dict(dataset=dict(mask_folder=None)), train_cfg=dict(max_epochs=14)
)
