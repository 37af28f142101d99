# The chain with the schedules of EPS and DeepLab V2; data set, classifier and segmentor come from
# beside. `saliency_dir` holds <image id>.png, grey, for each training image; `pretrained` of the
# ResNet-38d is what tools/model_converters/resnet38d.py writes.
_base_ = [
    './multi_label_by_recipe.py',
    '../schedules/classifier_eps.py',
    '../schedules/segmentor_deeplabv2.py',
]
pretrained = 'weights/resnet38d_imagenet.pth'
