# mixup_cam/voc.py with masks of low frequency (Harris et al., 2020), on the 1,464 images of
# `train`, 25 epochs: mixing by masks learns more slowly.
_base_ = ['../mixup_cam/voc.py']
data = dict(train=dict(split='train'))
mixing = [dict(type='wsss.FMix', alpha=1.0)]
classifier_recipe = dict(max_epochs=25)
segmentor_recipe = dict(max_epochs=152)  # as many iterations as on train_aug
