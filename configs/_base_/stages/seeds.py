# Score maps from weak labels other than image labels: seed_source says where the labels come from
# (boxes, points, scribbles, saliency), seed_maps how they become maps.
seed_source = dict(type='wsss.LoadBoxes')
seed_maps = dict(type='wsss.BoxHeatmap')
seeds = dict(
    run='test',
    default_scope='mmseg',
    model=dict(type='wsss.StoredMapsModel'),
    test_dataloader=dict(
        batch_size=4,
        dataset=dict(
            _ref_='@data/train',
            test_mode=True,
            pipeline=[
                dict(type='wsss.LoadImage'),
                '@seed_source',
                dict(type='wsss.MakeSeeds', seed='@seed_maps'),
                dict(type='wsss.PackScores'),
            ],
        ),
    ),
    test_cfg=dict(type='wsss.PerImageLoop', written='scores/{}.npz'),
    test_evaluator=dict(type='wsss.MapHealth'),
    default_hooks=dict(writer=dict(type='wsss.ScoreWriter')),
)
