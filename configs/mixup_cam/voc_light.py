# mixup_cam/voc.py at a size for CPUs. Its head sums the losses of the 20 classes, so the terms on
# the maps weigh 20 times as much.
_base_ = ['../affinitynet/voc_light.py', '../_base_/models/mixing.py']
map_losses = [
    dict(type='wsss.EntropyLoss', loss_weight=0.4),
    dict(type='wsss.ConcentrationLoss', loss_weight=4e-3),
]
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
