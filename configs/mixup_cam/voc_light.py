# mixup_cam/voc.py at a size for CPUs.
_base_ = ['../cam/voc_light.py', '../_base_/models/mixing.py']
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
