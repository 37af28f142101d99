# multi_label.py with the schedules that classifier_recipe and segmentor_recipe hold, from fragments
# beside (schedules/).
_base_ = ['./multi_label.py']
classifier = dict(
    train_dataloader=dict(
        batch_size='@classifier_recipe.batch_size',
        dataset=dict(pipeline='@classifier_recipe.pipeline'),
    ),
    train_cfg=dict(max_epochs='@classifier_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@classifier_recipe.optim_wrapper', _delete_=True),
)
segmentor = dict(
    train_dataloader=dict(
        batch_size='@segmentor_recipe.batch_size',
        dataset=dict(pipeline='@segmentor_recipe.pipeline'),
    ),
    test_dataloader=dict(dataset=dict(pipeline='@segmentor_recipe.test_pipeline')),
    train_cfg=dict(max_epochs='@segmentor_recipe.max_epochs'),
    optim_wrapper=dict(_ref_='@segmentor_recipe.optim_wrapper', _delete_=True),
)
