# cam/folder.py at a size for CPUs.
_base_ = [
    '../_base_/recipes/folder_light.py',
    '../_base_/models/classifier_mobilenet_v2_multi_label.py',
    '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py',
]
