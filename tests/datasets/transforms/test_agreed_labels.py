# SPDX-License-Identifier: Apache-2.0
"""Labels of several stages, kept where they agree."""

import numpy as np
import pytest

from wsss.datasets.transforms import AgreedLabels, PackScores
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask


@pytest.fixture
def folders(tmp_path):
    labels = {'first': [[0, 1, 2, 255]], 'second': [[0, 2, 2, 2]]}
    for name, rows in labels.items():
        write_mask(tmp_path / name / 'a.png', np.array(rows, np.uint8))
    return [str(tmp_path / name) for name in labels]


def record():
    return dict(image_id='a', num_labels=3)


def test_labels_are_packed_for_the_writer_and_the_metric(folders):
    results = AgreedLabels(folders)(record())
    assert results['ori_shape'] == (1, 4)
    sample = PackScores()(results)['data_samples']
    assert sample.pred_sem_seg.data.tolist() == [[[0, 255, 2, 255]]]
    assert 'score_maps' not in sample


def test_a_member_may_abstain(folders):
    labels = AgreedLabels(folders, ignore='all')(record())['pred_seg_map']
    assert labels.tolist() == [[0, 255, 2, 2]]


def test_labels_of_another_size_are_named(folders, tmp_path):
    write_mask(tmp_path / 'second' / 'a.png', np.zeros((2, 4), np.uint8))
    with pytest.raises(DataError, match=r'second/a.png.* 2 x 4 .* 1 x 4'):
        AgreedLabels(folders)(record())


def test_missing_labels_are_named(folders, tmp_path):
    with pytest.raises(DataError, match=r'third/a.png.* does not exist'):
        AgreedLabels([*folders, str(tmp_path / 'third')])(record())


def test_a_wrong_config_says_what_is_allowed():
    with pytest.raises(ConfigError, match='two folders or more'):
        AgreedLabels(['@pseudo_labels/masks'])
    with pytest.raises(ConfigError, match="'any' or 'all'"):
        AgreedLabels(['x', 'y'], ignore='most')


def test_a_sample_of_neither_maps_nor_labels_is_not_packed():
    with pytest.raises(ConfigError, match='needs score_maps or pred_seg_map'):
        PackScores()(dict(image_id='a', ori_shape=(1, 4)))
