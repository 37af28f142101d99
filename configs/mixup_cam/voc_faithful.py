# Mixup-CAM as the public project trains it: without the entropy of the maps, which its code takes
# of the labels instead, where it has no gradient.
_base_ = ['../_base_/recipes/voc_mva.py', '../_base_/models/mixing.py']
map_losses = [dict(type='wsss.ConcentrationLoss')]
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
