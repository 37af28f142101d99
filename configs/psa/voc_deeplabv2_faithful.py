# The baseline of the public project of mixup_cam/voc_faithful.py.
_base_ = ['../_base_/recipes/voc_mva.py']
