# fmix_cam/voc.py on `train_aug`, 20 epochs at half the learning rate.
_base_ = ['../mixup_cam/voc.py']
mixing = [dict(type='wsss.FMix', alpha=1.0)]
classifier_recipe = dict(max_epochs=20, optim_wrapper=dict(optimizer=dict(lr=0.005)))
