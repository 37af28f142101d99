# The classifier's head, whose maps, completed by erasing, teach C2AM; in_channels is the
# backbone's.
ecs_head = dict(
    type='LinearClsHead',
    num_classes='@data/num_classes',
    init_cfg=dict(type='Pretrained', checkpoint='@classifier/weights.pth', prefix='head.'),
)
