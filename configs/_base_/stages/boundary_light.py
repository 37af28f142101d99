# boundary.py with crops and epochs for CPUs.
_base_ = ['./affinity_light.py']
confident_labels = dict(
    labeler=dict(_delete_=True, type='wsss.IRNConf', fg=0.30, bg=0.05),
    refiners=[dict(type='wsss.DenseCRF', preset='irn')],
)
affinity = dict(
    train_cfg=dict(max_epochs=3),
    optim_wrapper=dict(
        optimizer=dict(weight_decay=1e-4),
        paramwise_cfg=dict(custom_keys=dict(boundary=dict(lr_mult=10))),
    ),
)
