# The same segmentor on the truth: the upper bound for the weak systems.
_base_ = ['../_base_/recipes/pets.py', '../_base_/models/segmentor_unet_r34.py']
pipeline = ['segmentor']
segmentor = dict(train_dataloader=dict(dataset=dict(mask_folder=None)))
