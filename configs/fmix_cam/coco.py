# fmix_cam/voc.py on MS-COCO 2014, with the schedules of its recipe.
_base_ = [
    '../_base_/recipes/coco.py',
    '../_base_/models/classifier_r38.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
    '../_base_/models/mixing.py',
]
pretrained = 'weights/resnet38d_imagenet.pth'
mixing = [dict(type='wsss.FMix', alpha=1.0)]
classifier_model = dict(
    data_preprocessor=dict(_ref_='@mixed'),
    head=dict(loss=dict(loss_weight=1 / 80)),  # the mean over its classes
    map_losses='@map_losses',
)
