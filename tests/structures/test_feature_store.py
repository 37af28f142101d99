# SPDX-License-Identifier: Apache-2.0
"""Features on disk."""

import numpy as np
import pytest
import torch

from wsss.datasets.transforms import LoadFeatures
from wsss.errors import ConfigError, DataError
from wsss.structures import FeatureStore


def test_features_come_back_as_they_were(tmp_path):
    features = torch.randn(33)
    FeatureStore(tmp_path / 'f').write('a', features)
    assert np.array_equal(FeatureStore(tmp_path / 'f').read('a'), features.numpy())
    assert [path.name for path in (tmp_path / 'f').iterdir()] == ['a.npy']
    loaded = LoadFeatures(str(tmp_path / 'f'))({'image_id': 'a'})
    assert torch.equal(loaded['teacher'], features)


@pytest.mark.parametrize(
    'array',
    [
        np.zeros((2, 2), np.float32),
        np.zeros(3, np.int64),
        np.array([1.0, np.nan], np.float32),
        np.zeros(0, np.float32),
        np.array(['x'], dtype=object),
    ],
)
def test_other_arrays_are_refused(tmp_path, array):
    np.save(tmp_path / 'a.npy', array)
    with pytest.raises(DataError, match="image 'a'.*--redo"):
        FeatureStore(tmp_path).read('a')


def test_missing_and_cut_files_are_named(tmp_path):
    store = FeatureStore(tmp_path)
    with pytest.raises(DataError, match="image 'a' does not exist"):
        store.read('a')
    store.write('a', torch.ones(9))
    path = store.path('a')
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(DataError, match='cannot be used'):
        store.read('a')


def test_an_id_that_leaves_the_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match='cannot name a file'):
        FeatureStore(tmp_path).write('../a', torch.ones(1))


def test_a_folder_that_is_none_is_refused():
    with pytest.raises(ConfigError, match='LoadFeatures.folder'):
        LoadFeatures('')
