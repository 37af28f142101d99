# FMix-CAM as the public project trains it, see mixup_cam/voc_faithful.py: masks of the published
# sampler, whose bands lie side by side, 25 epochs.
_base_ = ['../mixup_cam/voc_faithful.py']
mixing = [dict(type='wsss.FMix', alpha=1.0, spectrum='legacy')]
classifier_recipe = dict(max_epochs=25)
