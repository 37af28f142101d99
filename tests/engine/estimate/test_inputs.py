# SPDX-License-Identifier: Apache-2.0
"""Generated files in place of those of earlier stages."""

from torch import nn

from wsss.datasets import OxfordPet
from wsss.engine import checkpoint
from wsss.engine.epochs import EpochWeights
from wsss.engine.estimate.inputs import move_places, write_inputs, write_weights
from wsss.engine.estimate.stand_in import StandIn
from wsss.structures import FeatureStore, ScoreStore, SubCategories


def test_stage_reads_generated_files_and_caches_in_the_temporary_folder_only(tmp_path):
    config = dict(
        pipeline=[
            dict(type='wsss.LoadScores', folder='/data/cams/scores'),
            dict(type='wsss.AgreedLabels', folders=['../a/masks', '/b/masks'], ignore='any'),
            dict(refiners=[dict(cache_dir='work_dirs/cache')]),
        ],
        test_cfg=dict(threshold=dict(type='wsss.EarlierThreshold', file='/run/threshold.json')),
    )
    move_places(config, 'mmseg', tmp_path)
    images = StandIn(OxfordPet(lazy_init=True), tmp_path / 'data', 1)
    write_inputs(config, 'mmseg', images)
    load, agreed, refine = config['pipeline']
    maps = ScoreStore(load['folder']).read('generated_0')
    assert maps.size == (375, 500) and maps.keys.tolist() == [0] and maps.scores.amax() > 0.3
    read = [load['folder'], *agreed['folders'], config['test_cfg']['threshold']['file']]
    places = [*read, refine['refiners'][0]['cache_dir']]
    assert all(place.startswith(f'{tmp_path}/') and '..' not in place for place in places)
    assert len(list(tmp_path.rglob('files/**/generated_0.png'))) == 2
    assert len(list(tmp_path.rglob('threshold.json'))) == 1


def test_weights_of_all_epochs_are_written_where_the_sweep_reads_them(tmp_path):
    test_cfg = dict(type='wsss.SweepLoop', training='/run/classifier', epochs=3)
    config = dict(test_cfg=test_cfg)
    model = nn.Linear(2, 3)
    move_places(config, 'mmpretrain', tmp_path)
    write_weights(config, 'mmpretrain', model)
    weights = EpochWeights(test_cfg['training'], 3)
    assert test_cfg['training'].startswith(f'{tmp_path}/')
    for epoch in (1, 2, 3):
        assert weights.read(epoch)['weight'].equal(model.weight)


def test_candidates_are_written_beside_those_that_are_there(tmp_path):
    mine = tmp_path / 'mine/weights.pth'
    checkpoint.save(dict(own=1), mine)
    test_cfg = dict(type='wsss.ChooseWeights', candidates=[str(mine), '/run/round1/weights.pth'])
    move_places(dict(test_cfg=test_cfg), 'mmseg', tmp_path / 'trial')
    write_weights(dict(test_cfg=test_cfg), 'mmseg', nn.Linear(2, 3))
    assert checkpoint.load(mine) == dict(own=1)
    assert [path.split('/')[-2] for path in test_cfg['candidates']] == ['mine', 'round1']
    assert all('weight' in checkpoint.load(path) for path in test_cfg['candidates'])


def test_features_and_sub_categories_are_written_where_they_are_read(tmp_path):
    table = dict(type='wsss.LoadSubCategories', table='/run/sub_categories1/sub_categories.json')
    features = dict(type='wsss.LoadFeatures', folder='/run/features1/features')
    config = dict(pipeline=[table], test_cfg=dict(features=features))
    move_places(config, 'mmpretrain', tmp_path)
    images = StandIn(OxfordPet(lazy_init=True), tmp_path / 'data', 3)
    write_inputs(config, 'mmpretrain', images)
    found = SubCategories.read(table['table'])
    assert len(found.classes) == 37 and len(found.images) == 3
    for i in range(3):
        info = images.get_data_info(i)
        assert found.target(info['image_id'], info['gt_label']).sum() == len(info['gt_label'])
        assert FeatureStore(features['folder']).read(info['image_id']).ndim == 1
