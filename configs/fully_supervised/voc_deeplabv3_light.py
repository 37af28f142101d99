# fully_supervised/voc_deeplabv3.py at a size for CPUs.
_base_ = ['../_base_/recipes/voc_light.py', '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py']
pipeline = ['segmentor']
segmentor = dict(train_dataloader=dict(dataset=dict(mask_folder=None)))
