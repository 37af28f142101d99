# The chain on PASCAL VOC 2012 with the classifier of AffinityNet (ResNet-38d, see its schedule) and
# the schedule of DeepLab V2; the segmentor comes from beside. `pretrained` is what
# tools/model_converters/resnet38d.py writes.
_base_ = [
    './multi_label_by_recipe.py',
    '../datasets/voc12.py',
    '../models/classifier_r38.py',
    '../schedules/classifier_psa.py',
    '../schedules/segmentor_deeplabv2.py',
]
pretrained = 'weights/resnet38d_imagenet.pth'
