# affinity.py with the confident labels, pairs and schedule of IRNet; classes walk alone and a
# threshold decides background.
_base_ = ['./affinity.py']
confident_labels = dict(
    labeler=dict(_delete_=True, type='wsss.IRNConf', fg=0.30, bg=0.05),
    refiners=[dict(type='wsss.DenseCRF', preset='irn')],
)
affinity = dict(
    train_dataloader=dict(batch_size=32),
    train_cfg=dict(max_epochs=3),
    optim_wrapper=dict(
        optimizer=dict(weight_decay=1e-4),
        paramwise_cfg=dict(custom_keys=dict(boundary=dict(lr_mult=10))),
    ),
)
