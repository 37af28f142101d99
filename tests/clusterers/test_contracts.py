# SPDX-License-Identifier: Apache-2.0
"""What every registered clusterer must keep; a new one is covered by being registered."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import wsss.clusterers
from wsss.clusterers import BaseClusterer
from wsss.errors import DataError
from wsss.registry import CLUSTERERS, build

CLUSTERERS.import_from_location()
needs_finch = pytest.mark.skipif(
    importlib.util.find_spec('finch') is None, reason='finch-clust is not installed'
)
PARAMS = [
    pytest.param(name, marks=needs_finch if name == 'FINCH' else ())
    for name in sorted(CLUSTERERS.module_dict)
]


@pytest.fixture(params=PARAMS)
def clusterer(request):
    return build(CLUSTERERS, dict(type=request.param), 'clusterer')


@pytest.fixture
def features():
    """Two far groups of 20, seen from the origin too."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.array([[9.0, 0, 0, 1], [0, 9, 1, 0]]), 20, axis=0)
    return (centres + 0.2 * rng.standard_normal((40, 4))).astype(np.float32)


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.clusterers.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.glob('*.py')))
    decorated = re.findall(r'@CLUSTERERS\.register_module\(\)\nclass (\w+)', source)
    ours = [n for n, cls in CLUSTERERS.module_dict.items() if cls.__module__.startswith('wsss.')]
    assert sorted(decorated) == sorted(ours) and decorated


def test_it_is_a_base_clusterer_with_an_example(clusterer):
    assert isinstance(clusterer, BaseClusterer)
    assert 'Example:' in type(clusterer).__doc__


def test_labels_are_contiguous_in_the_order_of_first_samples(clusterer, features):
    labels = clusterer(features)
    assert labels.shape == (40,) and labels.dtype == np.int64
    firsts = [labels.tolist().index(group) for group in range(labels.max() + 1)]
    assert firsts == sorted(firsts) and labels[0] == 0


def test_far_groups_are_never_in_one(clusterer, features):
    labels = clusterer(features)
    assert not set(labels[:20]) & set(labels[20:])


def test_the_same_input_gives_the_same_labels_and_is_left_alone(clusterer, features):
    before = features.copy()
    assert np.array_equal(clusterer(features, seed=3), clusterer(features, seed=3))
    assert np.array_equal(features, before)
    locked = features.astype(np.float64)
    locked.flags.writeable = False
    assert np.array_equal(clusterer(locked, seed=3), clusterer(features, seed=3))


@pytest.mark.parametrize('count', [1, 2, 3])
def test_few_samples_are_grouped(clusterer, features, count):
    labels = clusterer(features[:count])
    assert sorted(set(labels)) == list(range(labels.max() + 1)) and len(labels) == count


def test_equal_samples_are_one_group(clusterer):
    assert clusterer(np.ones((30, 3), np.float32)).tolist() == [0] * 30


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(clusterer, features, value):
    features[4, 1] = value
    with pytest.raises(DataError, match='features of 1 samples hold NaN or infinity'):
        clusterer(features)


@pytest.mark.parametrize('shape', [(0, 4), (4,), (4, 0), (2, 2, 2)])
def test_what_is_no_table_of_features_is_refused(clusterer, shape):
    with pytest.raises(DataError, match=r'needs features \(N, D\)'):
        clusterer(np.zeros(shape, np.float32))
