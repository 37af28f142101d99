# DeepLab V2 on the truth, without and with dense CRF: an upper bound for the weak systems.
_base_ = [
    '../_base_/recipes/voc.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
    '../_base_/schedules/segmentor_deeplabv2.py',
    '../_base_/stages/segmentor_crf.py',
]
pipeline = ['segmentor', 'segmentor_scores', 'segmentor_crf']
segmentor = dict(
    train_dataloader=dict(
        batch_size='@segmentor_recipe.batch_size',
        dataset=dict(mask_folder=None, pipeline='@segmentor_recipe.pipeline'),
    ),
    test_dataloader=dict(dataset=dict(pipeline='@segmentor_recipe.test_pipeline')),
    train_cfg=dict(max_epochs='@segmentor_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@segmentor_recipe.optim_wrapper', _delete_=True),
)
