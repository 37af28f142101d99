# The chain on Oxford-IIIT Pet: classifier -> maps -> labels -> segmentor, on 448 / 512 px images.
_base_ = ['./pets_to_labels.py', '../stages/segmentor.py']
