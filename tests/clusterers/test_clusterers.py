# SPDX-License-Identifier: Apache-2.0
"""Groups by hand, numbers of groups, and levels."""

import sys

import numpy as np
import pytest

from wsss.clusterers import FINCH, KMeans
from wsss.clusterers.base import in_order
from wsss.errors import ConfigError


def blobs(groups, each, spread=0.05, seed=0):
    """Return features around orthogonal directions, and the direction of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(groups), each)
    features = np.eye(groups)[truth] + spread * rng.standard_normal((len(truth), groups))
    return features.astype(np.float32), truth


def test_labels_are_numbered_as_they_first_occur():
    assert in_order(np.array([5, 5, 1, 3, 1])).tolist() == [0, 0, 1, 2, 1]


def test_kmeans_finds_separate_groups():
    features, truth = blobs(4, 25)
    assert np.array_equal(KMeans(k=4)(features), truth)


def test_kmeans_finds_the_same_groups_in_any_order():
    features, truth = blobs(4, 25)
    order = np.random.default_rng(1).permutation(len(features))
    assert np.array_equal(KMeans(k=4)(features[order]), in_order(truth[order]))


def test_kmeans_reaches_the_least_sum_of_squares_of_four_points():
    """Of {0, 1}, {4, 6} (sum 0.5 + 2) and all other splits into two the first is the tightest."""
    points = np.array([[0.0], [1.0], [4.0], [6.0]], np.float32)
    splits = [np.array([i >> j & 1 for j in range(4)]) for i in range(1, 8)]

    def squares(labels):
        return sum(((points[labels == g] - points[labels == g].mean()) ** 2).sum() for g in (0, 1))

    best = min(splits, key=squares)
    assert squares(best) == pytest.approx(2.5)
    assert np.array_equal(KMeans(k=2)(points), in_order(best))


@pytest.mark.parametrize(
    ('kwargs', 'count', 'groups'),
    [
        (dict(k=10), 20, 10),
        (dict(k=10), 19, 9),
        (dict(k=10), 2, 1),
        (dict(k=10, min_samples=100), 50, 5),
        (dict(k=10, min_samples=1), 4, 4),
        (dict(k=1), 50, 1),
    ],
)
def test_small_classes_get_fewer_groups(kwargs, count, groups):
    features = np.random.default_rng(0).standard_normal((count, 3))
    assert KMeans(**kwargs).groups(count) == groups
    assert KMeans(**kwargs)(features).max() + 1 == groups


@pytest.mark.parametrize('kwargs', [dict(k=0), dict(k=2.0), dict(min_samples=0), dict(n_init=0)])
def test_kmeans_refuses_what_is_no_number_of_anything(kwargs):
    with pytest.raises(ConfigError, match=f'KMeans.{next(iter(kwargs))} must be an integer'):
        KMeans(**kwargs)


@pytest.fixture
def needs_finch():
    pytest.importorskip('finch', reason='finch-clust is not installed')


def neighbours_joined(features):
    """The first level from its definition: components of all links i - nearest(i)."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    similar = unit @ unit.T
    np.fill_diagonal(similar, -2)
    labels = np.arange(len(features))
    for i, j in enumerate(similar.argmax(axis=1)):
        labels[labels == labels[j]] = labels[i]
    return in_order(labels)


def test_the_first_level_of_finch_is_that_of_its_definition(needs_finch):
    features, _ = blobs(3, 30, spread=0.3)
    assert np.array_equal(FINCH(partition='first')(features), neighbours_joined(features))


def test_levels_of_finch_are_nested_with_fewer_and_fewer_groups(needs_finch):
    levels = FINCH().levels(blobs(5, 40, spread=0.2)[0])
    counts = [len(set(level)) for level in levels.T]
    assert len(counts) > 1 and counts == sorted(set(counts), reverse=True)
    for fine, coarse in zip(levels.T, levels.T[1:]):
        assert all(len(set(coarse[fine == group])) == 1 for group in set(fine))


def test_two_separate_blobs_are_two_groups_at_the_last_level_of_finch(needs_finch):
    features, truth = blobs(2, 50, spread=0.02)
    assert np.array_equal(FINCH(partition='last')(features), truth)


def test_finch_does_not_depend_on_the_order_of_samples(needs_finch):
    features, _ = blobs(3, 30, spread=0.2)
    order = np.random.default_rng(1).permutation(len(features))
    for partition in ('first', 'last'):
        labels, moved = FINCH(partition)(features), FINCH(partition)(features[order])
        assert np.array_equal(in_order(labels[order]), moved)


@pytest.mark.parametrize(
    ('kwargs', 'level'),
    [
        (dict(partition='first'), 0),
        (dict(partition='last'), 2),
        (dict(partition=1), 1),
        (dict(partition=-2), 1),
        (dict(partition=9), 2),
        (dict(partition=-9), 0),
        (dict(partition='closest', k=8), 1),
        (dict(partition='closest', k=1), 2),
        (dict(partition='closest', k=7), 2),  # 10 and 4 are equally close
    ],
)
def test_a_level_is_chosen(kwargs, level):
    assert FINCH(**kwargs).level([40, 10, 4]) == level


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(partition='lats'), 'FINCH.partition.*last'),
        (dict(partition=True), 'FINCH.partition'),
        (dict(partition=1.5), 'FINCH.partition'),
        (dict(partition='closest'), 'set both or neither'),
        (dict(partition='last', k=3), 'set both or neither'),
        (dict(partition='closest', k=0), 'FINCH.k'),
    ],
)
def test_finch_refuses_other_levels(kwargs, words):
    with pytest.raises(ConfigError, match=words):
        FINCH(**kwargs)


def test_a_missing_package_is_named_with_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, 'finch', None)
    with pytest.raises(ConfigError, match=r"pip install finch-clust, or 'wsss\[finch\]'"):
        FINCH()(np.eye(3))
