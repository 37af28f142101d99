# psa/voc.py at a size for CPUs: affinitynet/voc_light.py, which is the same on MobileNetV2.
_base_ = ['../affinitynet/voc_light.py']
