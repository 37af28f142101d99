# CAM (Zhou et al., CVPR 2016) of the classifier of IRNet, see its schedule.
_base_ = [
    '../_base_/recipes/voc.py',
    '../_base_/models/classifier_r50_irn.py',
    '../_base_/schedules/classifier_irn.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
]
classifier = dict(
    train_dataloader=dict(
        batch_size='@classifier_recipe.batch_size',
        dataset=dict(pipeline='@classifier_recipe.pipeline'),
    ),
    train_cfg=dict(max_epochs='@classifier_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@classifier_recipe.optim_wrapper', _delete_=True),
)
