# superpixel_fcn/bsds500.py for CPUs: 60 epochs of train at twenty times the rate.
_base_ = ['./bsds500.py']
data = dict(train=dict(split='train'))
superpixels = dict(
    train_cfg=dict(max_epochs=60),
    optim_wrapper=dict(optimizer=dict(lr=1e-3)),
    param_scheduler=dict(milestones=[40]),
)
