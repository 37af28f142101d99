# fmix_cam/voc.py at a size for CPUs.
_base_ = ['../mixup_cam/voc_light.py']
mixing = [dict(type='wsss.FMix', alpha=1.0)]
