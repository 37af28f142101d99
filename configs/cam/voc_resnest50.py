# cam/voc_irn.py with a ResNeSt-50, the backbone of SP-CAM, whose crops are those of IRNet, too. The
# segmentor stays the same, so the two differ in the classifier alone.
_base_ = [
    '../_base_/recipes/voc.py',
    '../_base_/models/classifier_resnest50.py',
    '../_base_/schedules/classifier_irn.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/resnest/'
    'resnest50_imagenet_converted-1ebf0afe.pth'
)
classifier = dict(
    train_dataloader=dict(
        batch_size='@classifier_recipe.batch_size',
        dataset=dict(pipeline='@classifier_recipe.pipeline'),
    ),
    train_cfg=dict(max_epochs='@classifier_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@classifier_recipe.optim_wrapper', _delete_=True),
)
segmentor_model = dict(backbone=dict(init_cfg=dict(checkpoint='torchvision://resnet50')))
