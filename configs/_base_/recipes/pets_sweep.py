# 20 epochs x 9 thresholds on Oxford-IIIT Pet, as a student project swept them: 224 px, no
# augmentation, CAM of one view. What the held-out images choose makes the labels. Classifier,
# segmentor and its stage come from beside.
_base_ = ['./pets_to_labels.py', '../stages/sweep.py']
pipeline = [
    'classifier', 'sweep', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
_load = [dict(type='wsss.LoadImage'), dict(type='Resize', scale=(224, 224))]
_load += [dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))]
classifier = dict(
    train_dataloader=dict(dataset=dict(pipeline=_load)),
    val_dataloader=dict(dataset=dict(pipeline=_load)),
    train_cfg=dict(max_epochs=20),
    optim_wrapper=dict(
        _delete_=True, type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)
    ),
    param_scheduler=None,
    default_hooks=dict(checkpoint=dict(max_keep=-1)),
)  # fmt: skip
_views = [dict(type='wsss.LoadImage'), '@sweep_views', dict(type='wsss.PackViews')]
cams = dict(
    load_from='@sweep/weights.pth',
    model=dict(fusion=dict(flip=False)),
    test_dataloader=dict(dataset=dict(pipeline=_views)),
)
_chosen = dict(_delete_=True, type='wsss.EarlierThreshold', file='@sweep/threshold.json')
pseudo_labels = dict(test_cfg=dict(threshold=_chosen))
pseudo_labels_test = dict(test_cfg='@pseudo_labels.test_cfg')
