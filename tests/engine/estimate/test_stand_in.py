# SPDX-License-Identifier: Apache-2.0
"""Generated images and files in place of those of a data set and of earlier stages."""

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import VOC12, FolderDataset, OxfordPet
from wsss.engine.estimate.stand_in import StandIn, move_places, write_inputs
from wsss.errors import ConfigError
from wsss.structures import ScoreStore


def test_images_have_the_classes_and_masks_the_labels_of_the_data_set(tmp_path):
    real = OxfordPet(held_out=0.1, mask_mode='binary', lazy_init=True)
    images = StandIn(real, tmp_path, 3)
    infos = [images.get_data_info(i) for i in range(3)]
    assert [info['gt_label'] for info in infos] == [[0], [1], [2]]
    assert [info['held_out'] for info in infos] == [True, False, False]
    assert infos[0]['num_labels'] == 2 and images.metainfo['classes'] == ('background', 'pet')
    assert Image.open(infos[0]['img_path']).size == (500, 375)
    assert set(np.unique(Image.open(infos[0]['mask_path']))) == {0, 1, 255}


def test_images_of_voc_have_several_classes_that_their_masks_show(tmp_path):
    images = StandIn(VOC12(lazy_init=True), tmp_path, 4)
    infos = [images.get_data_info(i) for i in range(4)]
    assert max(len(info['gt_label']) for info in infos) == 2
    for info in infos:
        shown = set(np.unique(Image.open(info['mask_path']))) - {0, 255}
        assert shown == {label + 1 for label in info['gt_label']}
        assert not info['held_out']


def test_folder_has_as_many_classes_as_the_config_says(tmp_path):
    labels = dict(type='wsss.CsvLabels')
    real = FolderDataset(labels=labels, num_classes=2, num_labels=3, lazy_init=True)
    assert StandIn(real, tmp_path, 1).metainfo['image_classes'] == ('class 1', 'class 2')
    with pytest.raises(ConfigError, match='Set data.num_classes'):
        StandIn(FolderDataset(labels=labels, lazy_init=True), tmp_path, 1)


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
