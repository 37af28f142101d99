# SPDX-License-Identifier: Apache-2.0
"""The walk against the power of the dense matrix."""

import math

import numpy as np
import pytest
import torch

from wsss.ops.chebyshev import power_coefficients
from wsss.ops.pairs import pair_distances, pair_offsets, paired
from wsss.ops.random_walk import grid_matrix, random_walk


def features(height=9, width=11, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 16, height, width, generator=generator) * 3


def grid(height=9, width=11, radius=5):
    offsets = pair_offsets(radius)
    return (-pair_distances(features(height, width), offsets)).exp()[0], offsets


def dense_by_loops(weights, offsets):
    _, height, width = weights.shape
    matrix = torch.eye(height * width, dtype=weights.dtype)
    for k, (dy, dx) in enumerate(offsets):
        for y in range(height):
            for x in range(width):
                if y + dy < height and 0 <= x + dx < width:
                    i, j = y * width + x, (y + dy) * width + x + dx
                    matrix[i, j] = matrix[j, i] = weights[k, y, x]
    return matrix


def dense_walk(matrix, scores, steps, power=1):
    powers = matrix.double() ** power
    transition = powers / powers.sum(0)
    return scores.double() @ torch.linalg.matrix_power(transition, steps)


@pytest.mark.parametrize('exponent', [0, 1, 2, 7, 256, 2048])
def test_chebyshev_sums_are_the_powers(exponent):
    coefficients = power_coefficients(exponent)
    x = np.linspace(-1, 1, 501)
    found = np.polynomial.chebyshev.chebval(x, coefficients)
    assert np.abs(found - x**exponent).max() < 2e-7
    assert sum(coefficients) == pytest.approx(1, abs=1e-12)


def test_terms_grow_with_the_root_of_the_steps():
    few, many = len(power_coefficients(256)), len(power_coefficients(2048))
    assert few < 90 and many < 3 * few
    with pytest.raises(ValueError, match='at least 0'):
        power_coefficients(-1)


@pytest.mark.parametrize('size', [(9, 11), (3, 4), (1, 6), (1, 1)])
def test_the_sparse_matrix_is_that_of_all_pairs(size):
    weights, offsets = grid(*size)
    matrix = grid_matrix(weights, offsets)
    assert torch.equal(matrix.to_dense(), dense_by_loops(weights, offsets))


def test_what_leaves_the_grid_is_not_looked_at():
    weights, offsets = grid()
    spoilt = torch.full_like(weights, float('nan'))
    for k, offset in enumerate(offsets):
        paired(spoilt[k], offset)[0].copy_(paired(weights[k], offset)[0])
    assert torch.equal(grid_matrix(spoilt, offsets).to_dense(),
                       grid_matrix(weights, offsets).to_dense())  # fmt: skip


@pytest.mark.parametrize('steps', [1, 6, 255, 256, 2048])
@pytest.mark.parametrize('layout', ['csr', 'coo', 'dense'])
def test_walk_equals_the_dense_power(steps, layout):
    weights, offsets = grid()
    matrix = grid_matrix(weights, offsets)
    dense = matrix.to_dense()
    scores = torch.rand(4, 99, generator=torch.Generator().manual_seed(1))
    given = {'csr': matrix, 'coo': matrix.to_sparse_coo(), 'dense': dense}[layout]
    found = random_walk(given, scores, steps, power=8)
    torch.testing.assert_close(found.double(), dense_walk(dense, scores, steps, 8),
                               atol=1e-5, rtol=0)  # fmt: skip


def test_no_steps_change_nothing_and_constants_stay():
    weights, offsets = grid()
    matrix = grid_matrix(weights, offsets)
    scores = torch.rand(2, 99)
    torch.testing.assert_close(random_walk(matrix, scores, 0, power=8), scores)
    constant = torch.full((1, 99), 0.7)
    torch.testing.assert_close(random_walk(matrix, constant, 256, power=8), constant)
    identity = grid_matrix(torch.zeros_like(weights), offsets)
    torch.testing.assert_close(random_walk(identity, scores, 256), scores)


def test_columns_of_the_walk_sum_to_one_and_balance_in_detail():
    weights, offsets = grid(5, 6)
    matrix = grid_matrix(weights.double(), offsets)
    walk = random_walk(matrix, torch.eye(30, dtype=torch.float64), 16)
    torch.testing.assert_close(walk.sum(0), torch.ones(30, dtype=torch.float64))
    size = matrix.to_dense().sum(0)
    flow = walk * size  # T_ij D_j = T_ji D_i
    torch.testing.assert_close(flow, flow.T)


def test_grids_of_a_batch_do_not_meet():
    offsets = pair_offsets(3)
    weights = (-pair_distances(torch.cat([features(), features(seed=1)]), offsets)).exp()
    scores = torch.rand(3, 2, 99)
    together = random_walk(grid_matrix(weights, offsets), scores.flatten(1), 64, power=4)
    for i in range(2):
        alone = random_walk(grid_matrix(weights[i], offsets), scores[:, i], 64, power=4)
        torch.testing.assert_close(together.view(3, 2, 99)[:, i], alone)


def test_a_graph_of_regions_and_a_matrix_of_attention_walk_as_well():
    attention = torch.rand(20, 20, generator=torch.Generator().manual_seed(2)).softmax(1)
    symmetric = (attention + attention.T) / 2
    scores = torch.rand(2, 20)
    torch.testing.assert_close(random_walk(symmetric, scores, 9).double(),
                               dense_walk(symmetric, scores, 9), atol=1e-5, rtol=0)  # fmt: skip
    neighbours = symmetric * (symmetric > 0.05) + torch.eye(20)
    torch.testing.assert_close(random_walk(neighbours.to_sparse(), scores, 9).double(),
                               dense_walk(neighbours, scores, 9), atol=1e-5, rtol=0)  # fmt: skip


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'\(N, N\)'):
        random_walk(torch.rand(3, 4), torch.rand(1, 3), 2)
    with pytest.raises(ValueError, match='for 3 nodes'):
        random_walk(torch.rand(3, 3), torch.rand(1, 4), 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs an accelerator')
def test_an_accelerator_gives_the_same():
    offsets, given = pair_offsets(5), features()
    distances = pair_distances(given.cuda(), offsets)
    torch.testing.assert_close(distances.cpu(), pair_distances(given, offsets))
    scores = torch.rand(3, 99)
    found = random_walk(grid_matrix((-distances).exp(), offsets), scores.cuda(), 256, power=8)
    weights, _ = grid()
    expected = random_walk(grid_matrix(weights, offsets), scores, 256, power=8)
    torch.testing.assert_close(found.cpu(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize('layout', ['csr', 'coo', 'dense'])
@pytest.mark.parametrize(
    'affinity',
    [
        [[1.0, 0.0], [0.0, 0.0]],
        [[1.0, -0.1], [-0.1, 1.0]],
        [[1.0, math.nan], [math.nan, 1.0]],
        [[1.0, math.inf], [math.inf, 1.0]],
    ],
)
def test_affinities_that_are_no_weights_are_refused(affinity, layout):
    dense = torch.tensor(affinity)
    matrix = {'csr': dense.to_sparse_csr, 'coo': dense.to_sparse, 'dense': dense.clone}[layout]()
    with pytest.raises(ValueError, match='at least 0 and finite, with a positive sum in each row'):
        random_walk(matrix, torch.rand(1, 2), 2, power=2)
