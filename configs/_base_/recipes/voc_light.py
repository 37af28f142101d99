# The same chain at a size for CPUs, on the list train.
_base_ = ['./multi_label_light.py', '../datasets/voc12.py']
data = dict(train=dict(split='train'))
