# Mixup-CAM (Chang et al., BMVC 2020): images of a batch are blended, entropy and spread of the maps
# are terms of the loss. All else as in psa/voc_deeplabv2.py.
_base_ = ['../psa/voc_deeplabv2.py', '../_base_/models/mixing.py']
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
