# self_training.py at a size for CPUs: the sizes of the light recipe, short rounds.
_base_ = ['./self_training.py']
teacher_resize = [dict(type='Resize', scale=(s, s), keep_ratio=True) for s in (224, 320)]
round_training = dict(train_cfg=dict(max_epochs=3), optim_wrapper=dict(optimizer=dict(lr=0.005)))
