# Saliency for those who have none: class-agnostic maps (ccam.py), a dense CRF, a segmentor of two
# labels trained on the masks, which then says of each training image how much a pixel is an object,
# and a dense CRF again for its outlines.
#
#   ccam -> ccam_maps -> object_maps -> object_masks -> saliency_net -> saliency
#
# Read by wsss.LoadSaliency with saliency_dir = '@saliency/saliency'. The segmentor comes from a
# model fragment (segmentor_model); foreground_sizes is how large it sees the images in training.
foreground_sizes = dict(scale=(512, 512), crop_size=(321, 321))
object_maps = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=4,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@ccam_maps/scores'),
                dict(type='wsss.LoadImage'),
                dict(
                    type='wsss.Refine',
                    refiners=[dict(type='wsss.DenseCRF', preset='psa', bg_power=8)],
                ),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
object_masks = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.PseudoLabelModel', labeler=dict(type='wsss.ArgMax')),
    test_dataloader=dict(
        batch_size=16,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadScores', folder='@object_maps/scores'),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PseudoLabelLoop', threshold=None),
    test_evaluator=[],
    default_hooks=dict(writer=dict(type='wsss.MaskWriter')),
)
saliency_net = dict(
    run='train',
    default_scope='mmseg',
    model=dict(_ref_='@segmentor_model', decode_head=dict(num_classes=2)),
    train_dataloader=dict(
        batch_size='@segmentor.train_dataloader.batch_size',
        drop_last=True,  # batch norm of pooled features needs more than one image
        dataset=dict(
            _ref_='@data/train',
            mask_folder='@object_masks/masks',
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='wsss.MergeClasses'),
                dict(
                    type='RandomResize', scale='@foreground_sizes.scale', ratio_range=(0.75, 1.5),
                    keep_ratio=True,
                ),
                dict(type='RandomCrop', crop_size='@foreground_sizes.crop_size'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(by_epoch=True, max_epochs=10),
    optim_wrapper='@segmentor.optim_wrapper',
    param_scheduler=dict(
        type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, convert_to_iter_based=True,
        begin=0, end='@saliency_net.train_cfg.max_epochs',
    ),
)  # fmt: skip
saliency = dict(
    run='test',
    default_scope='mmseg',
    load_from='@saliency_net/weights.pth',
    model='@saliency_net.model',
    tta_model=dict(
        type='wsss.SegmentorSaliency', refiners=[dict(type='wsss.DenseCRF', preset='deeplab')]
    ),
    test_dataloader=dict(
        batch_size=1,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(
                    type='TestTimeAug',
                    transforms=[
                        [dict(type='RandomFlip', prob=p) for p in (0.0, 1.0)],
                        [
                            dict(
                                type='PackSegInputs',
                                meta_keys=(
                                    'image_id', 'img_path', 'ori_shape', 'img_shape', 'pad_shape',
                                    'flip', 'flip_direction',
                                ),
                            ),
                        ],
                    ],
                ),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='saliency/{}.png'),
    test_evaluator=[],
    default_hooks=dict(
        writer=dict(type='wsss.SaliencyWriter'), contact_sheet=dict(num_images=0),
    ),
)  # fmt: skip
