# The chain on MS-COCO 2014: eight times the images of VOC, so fewer epochs.
_base_ = ['./multi_label.py', '../datasets/coco14.py']
classifier = dict(train_cfg=dict(max_epochs=5))
segmentor = dict(train_cfg=dict(max_epochs=8))
