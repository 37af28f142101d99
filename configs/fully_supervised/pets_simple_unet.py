# A small U-Net with a focal loss on the truth, trained as its project does, on the official split.
_base_ = ['../_base_/recipes/pets.py', '../_base_/models/segmentor_simple_unet.py']
pipeline = ['segmentor']
_pack = dict(type='PackSegInputs', meta_keys=(
    'image_id', 'img_path', 'ori_shape', 'img_shape', 'held_out', 'mask_path', 'mask_values',
))  # fmt: skip
_image, _mask = dict(type='wsss.LoadImage'), dict(type='wsss.LoadMask')
_squash = dict(type='Resize', scale=(128, 128), keep_ratio=False)
segmentor = dict(
    tta_model=None,
    train_dataloader=dict(
        batch_size=4,
        dataset=dict(mask_folder=None, pipeline=[_image, _mask, _squash, _pack]),
    ),
    test_dataloader=dict(dataset=dict(pipeline=[_image, _squash, _mask, _pack])),
    test_evaluator=dict(presets=['M4', 'M5']),
    train_cfg=dict(max_epochs=100),
    optim_wrapper=dict(_delete_=True, type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)),
    param_scheduler=None,
)  # fmt: skip
