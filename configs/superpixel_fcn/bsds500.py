# Superpixels of a fully convolutional network (Yang et al., CVPR 2020) on BSDS500, beside SLIC.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/bsds500.py',
    '../_base_/stages/superpixels.py',
    '../_base_/models/superpixel_fcn.py',
]
pipeline = ['superpixels', 'superpixels_test', 'slic_test']
