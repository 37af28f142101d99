# The same chain at a size for CPUs.
_base_ = ['./multi_label_light.py', '../datasets/coco14.py']
