# fmix_cam/coco.py at a size for CPUs. Its head sums the losses of the 80 classes, so the terms on
# the maps weigh 80 times as much.
_base_ = ['../cam/coco_light.py', '../_base_/models/mixing.py']
mixing = [dict(type='wsss.FMix', alpha=1.0)]
map_losses = [
    dict(type='wsss.EntropyLoss', loss_weight=1.6),
    dict(type='wsss.ConcentrationLoss', loss_weight=1.6e-2),
]
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
