# fully_supervised/pets_simple_unet.py with fewer epochs for CPUs.
_base_ = ['./pets_simple_unet.py']
segmentor = dict(train_cfg=dict(max_epochs=30))
