# SP-CAM on the maps of a classifier that knows a background (eps.py):
#
#   classifier -> cams -> superpixels -> sp_classifier -> sp_cams
#
# Superpixels keep what is salient together and, from 70 % of the epochs on, share pixels within
# classes only; the second classifier has its logits on them; its maps walk from superpixel to
# superpixel and follow their outlines. `kernels` is the head that the classifier's features need;
# the schedule of the superpixels comes from beside (schedules/sp_cam.py).
superpixel_model = dict(
    type='wsss.SuperpixelNet',
    network=dict(type='wsss.SuperpixelFCN', cell=16),
    attribute='saliency',
    affinity=dict(type='wsss.SuperpixelAffinityLoss'),
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        size='@superpixel_recipe.crop_size',
    ),
)
superpixels = dict(
    run='train',
    default_scope='mmseg',
    model=dict(_ref_='@superpixel_model'),
    train_dataloader=dict(
        batch_size='@superpixel_recipe.batch_size',
        drop_last=True,
        dataset=dict(
            _ref_='@data/train',
            pipeline=[
                dict(type='wsss.LoadScores', folder='@cams/scores'),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
                dict(type='wsss.MapsAsFields'),
                dict(type='Compose', transforms='@superpixel_recipe.crops'),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs='@superpixel_recipe.max_epochs'),
    optim_wrapper=dict(optimizer=dict(type='Adam', lr=5e-4)),
    custom_hooks=[
        dict(
            type='wsss.RampLossWeight',
            begin='@superpixel_recipe.affinity_from',
            end='@superpixel_recipe.affinity_from',
        ),
    ],
)
kernels = dict(type='wsss.KernelHead', cell=16)
sp_classifier_epochs = '@classifier.train_cfg.max_epochs'
sp_classifier = dict(
    run='train',
    default_scope='mmpretrain',
    model=dict(
        _ref_='@classifier.model',
        type='wsss.SPCAMClassifier',
        superpixels=dict(
            _ref_='@superpixels.model',
            init_cfg=dict(type='Pretrained', checkpoint='@superpixels/weights.pth'),
        ),
        kernels='@kernels',
    ),
    train_dataloader='@classifier.train_dataloader',
    val_dataloader='@classifier.val_dataloader',
    test_dataloader='@classifier.val_dataloader',
    train_cfg=dict(_ref_='@classifier.train_cfg', max_epochs='@sp_classifier_epochs'),
    val_evaluator='@classifier.val_evaluator',
    test_evaluator='@classifier.test_evaluator',
    optim_wrapper=dict(
        _ref_='@classifier.optim_wrapper',
        paramwise_cfg=dict(custom_keys={'kernels': dict(lr_mult=10)}),
    ),
    param_scheduler=dict(_ref_='@classifier.param_scheduler', end='@sp_classifier_epochs'),
)
to_pixels = dict(steps=20, upsample=True)
superpixel_maps = dict(
    default_scope='mmpretrain',
    load_from='@sp_classifier/weights.pth',
    model=dict(
        _ref_='@sp_classifier.model',
        to_pixels='@to_pixels',
        cam=dict(type='wsss.LayerMaps', layer='to_pixels', first=1),
        # outlines of superpixels would be lost on a grid of 4 pixels
        fusion=dict(flip=True, norm='after', stride=2),
    ),
    test_dataloader='@cams.test_dataloader',
    test_cfg='@cams.test_cfg',
    test_evaluator='@cams.test_evaluator',
    default_hooks='@cams.default_hooks',
)
sp_cams = dict(run='test', _ref_='@superpixel_maps')
sp_cams_test = dict(
    run='test', _ref_='@superpixel_maps', test_dataloader='@cams_test.test_dataloader'
)
