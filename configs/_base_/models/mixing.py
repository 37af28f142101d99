# Images of a training batch are mixed; further terms of the loss look at the maps. A leaf config
# says which way by `mixing`, and joins both to its classifier:
#     classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
# Weights of the terms are the published ones times the number of classes (20 of VOC): mmpretrain
# sums the binary cross-entropies of the classes, the papers take their mean.
mixing = [dict(type='Mixup', alpha=0.2)]
mixed = dict(
    to_onehot=True,
    num_classes='@data/num_classes',
    batch_augments=dict(augments='@mixing'),
)
map_losses = [
    dict(type='wsss.EntropyLoss', loss_weight=0.4),
    dict(type='wsss.ConcentrationLoss', loss_weight=4e-3),
]
