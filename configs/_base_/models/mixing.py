# Images of a training batch are mixed; further terms of the loss look at the maps. A leaf config
# says which way by `mixing`, and joins both to its classifier:
#     classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
# Weights are as published, for a head whose loss is the mean over the classes.
mixing = [dict(type='Mixup', alpha=0.2)]
mixed = dict(
    to_onehot=True,
    num_classes='@data/num_classes',
    batch_augments=dict(augments='@mixing'),
)
map_losses = [dict(type='wsss.EntropyLoss'), dict(type='wsss.ConcentrationLoss')]
