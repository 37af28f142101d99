# SPDX-License-Identifier: Apache-2.0
"""The lattice against a slow one with a dictionary, and against the sum that it approximates."""

import itertools

import numpy as np
import pytest

from wsss.errors import DataError
from wsss.ops.permutohedral import PermutohedralLattice


def slow_filter(features, values):
    """Adams et al., section 3, point by point; vertices are tuples of d + 1 coordinates."""
    d, count = features.shape
    scale = np.sqrt(2 / 3) * (d + 1)
    basis = np.zeros((d + 1, d))
    for j in range(d):
        basis[: j + 1, j] = 1
        basis[j + 1, j] = -(j + 1)
        basis[:, j] *= scale / np.sqrt((j + 1) * (j + 2))
    lattice, corners = {}, []
    for n in range(count):
        point = basis @ features[:, n].astype(np.float64)
        zero = np.round(point / (d + 1)) * (d + 1)
        surplus = round(zero.sum() / (d + 1))
        order = np.argsort(-(point - zero), kind='stable')
        if surplus > 0:
            zero[order[len(order) - surplus :]] -= d + 1
        elif surplus < 0:
            zero[order[:-surplus]] += d + 1
        rest = point - zero
        order = np.argsort(-rest, kind='stable')
        falling = rest[order] / (d + 1)
        weights = [1 + falling[d] - falling[0]]
        weights += [falling[d - k] - falling[d - k + 1] for k in range(1, d + 1)]
        own = []
        for k in range(d + 1):
            vertex = zero + k
            vertex[order[d + 1 - k :]] -= d + 1
            own.append((tuple(int(v) for v in vertex), weights[k]))
        assert min(weights) > -1e-6 and abs(sum(weights) - 1) < 1e-6
        corners.append(own)
        for vertex, weight in own:
            lattice[vertex] = lattice.get(vertex, 0) + weight * values[n]
    for axis in itertools.chain(range(d), [d]):
        step = np.ones(d + 1, int)
        step[axis] -= d + 1
        lattice = {
            vertex: value
            + 0.5 * lattice.get(tuple(int(v) for v in vertex + step), 0)
            + 0.5 * lattice.get(tuple(int(v) for v in vertex - step), 0)
            for vertex, value in lattice.items()
        }
    return np.array([sum(w * lattice[v] for v, w in own) for own in corners])


@pytest.mark.parametrize('d', [1, 2, 3, 5])
def test_it_equals_the_slow_form(d):
    rng = np.random.default_rng(d)
    features = rng.normal(0, 1.5, (d, 60)).astype(np.float32)
    values = rng.random((60, 3)).astype(np.float32)
    found = PermutohedralLattice(features).filter(values)
    expected = np.stack([slow_filter(features, values[:, c]) for c in range(3)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_it_approximates_the_gaussian_sum():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1.0, (3, 3000)).astype(np.float32)
    values = (features[0] > 0).astype(np.float32)[:, None]
    lattice = PermutohedralLattice(features)
    found = lattice.filter(values) / lattice.filter(np.ones_like(values))
    squares = (features**2).sum(axis=0)
    kernel = np.exp(-0.5 * (squares[:, None] + squares - 2 * features.T @ features))
    expected = kernel @ values / kernel.sum(axis=1, keepdims=True)
    assert np.abs(found - expected).mean() < 0.03


def test_one_point_and_equal_points():
    lattice = PermutohedralLattice(np.zeros((5, 1), np.float32))
    # every axis keeps half of what the other corners give: more than the value, and finite
    assert lattice.filter(np.ones((1, 1), np.float32))[0, 0] >= 1
    lattice = PermutohedralLattice(np.full((2, 4), 0.3, np.float32))
    found = lattice.filter(np.arange(4, dtype=np.float32)[:, None])
    np.testing.assert_allclose(found, found[:1].repeat(4, axis=0), rtol=1e-6)


def test_what_cannot_be_numbered_is_refused():
    with pytest.raises(DataError, match='finite'):
        PermutohedralLattice(np.array([[0, np.nan]], np.float32))
    far = np.zeros((5, 2), np.float32)
    far[:, 1] = 1e6
    with pytest.raises(DataError, match='too far apart'):
        PermutohedralLattice(far)
    with pytest.raises(ValueError, match='must be'):
        PermutohedralLattice(np.zeros((2, 0), np.float32))
