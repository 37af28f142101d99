# The chain on PASCAL VOC 2012.
_base_ = ['./multi_label.py', '../datasets/voc12.py']
