# The same chain at a size for CPUs.
_base_ = ['./multi_label_light.py', '../datasets/coco14.py']
# epochs for a subset of a hundred images
classifier = dict(train_cfg=dict(max_epochs=60, val_interval=20))
segmentor = dict(train_cfg=dict(max_epochs=60))
