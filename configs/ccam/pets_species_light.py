# ccam/pets_species.py at a size for CPUs.
_base_ = ['./pets_light.py']
data = dict(
    num_classes=2,
    train=dict(label_mode='species'),
    val=dict(label_mode='species'),
    test=dict(label_mode='species'),
)
ccam_model = dict(group_by=tuple(range(2)))
ccam = dict(
    # the models of other groups get no gradient
    model_wrapper_cfg=dict(type='MMDistributedDataParallel', find_unused_parameters=True),
    train_dataloader=dict(
        sampler=dict(
            type='wsss.GroupSampler',
            group_by='@ccam_model.group_by',
            batch_size='@ccam.train_dataloader.batch_size',
        ),
    ),
)
