# The chain on PASCAL VOC 2012 with the classifier of AffinityNet (ResNet-38d, see its schedule) and
# the schedule of DeepLab V2; the segmentor comes from beside. `pretrained` is what
# tools/model_converters/resnet38d.py writes.
_base_ = [
    './voc.py',
    '../models/classifier_r38.py',
    '../schedules/classifier_psa.py',
    '../schedules/segmentor_deeplabv2.py',
]
pretrained = 'weights/resnet38d_imagenet.pth'
classifier = dict(
    train_dataloader=dict(
        batch_size='@classifier_recipe.batch_size',
        dataset=dict(pipeline='@classifier_recipe.pipeline'),
    ),
    train_cfg=dict(max_epochs='@classifier_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@classifier_recipe.optim_wrapper', _delete_=True),
)
segmentor = dict(
    train_dataloader=dict(
        batch_size='@segmentor_recipe.batch_size',
        dataset=dict(pipeline='@segmentor_recipe.pipeline'),
    ),
    test_dataloader=dict(dataset=dict(pipeline='@segmentor_recipe.test_pipeline')),
    train_cfg=dict(max_epochs='@segmentor_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@segmentor_recipe.optim_wrapper', _delete_=True),
)
