# SPDX-License-Identifier: Apache-2.0
"""The graph of the regions of an image."""

import math

import torch

from wsss.ops.random_walk import random_walk
from wsss.ops.region_graph import (
    region_affinity,
    region_walk_matrix,
    shared_sides,
    touching_regions,
)
from wsss.ops.region_vote import region_sizes


def drawn(regions=9):
    """Return ids ``(7, 8)`` all of which occur."""
    return torch.randint(0, regions, (7, 8), generator=torch.Generator().manual_seed(0))


def test_pairs_equal_a_loop_over_pixels():
    ids = drawn()
    expected = set()
    for y in range(7):
        for x in range(8):
            for other in ((y, x + 1), (y + 1, x)):
                if other[0] < 7 and other[1] < 8 and ids[y, x] != ids[other]:
                    expected.add(tuple(sorted((int(ids[y, x]), int(ids[other])))))
    assert [tuple(pair) for pair in touching_regions(ids).T.tolist()] == sorted(expected)


def test_one_region_touches_none():
    assert touching_regions(torch.zeros(3, 4, dtype=torch.int32)).shape == (2, 0)
    matrix = region_affinity(torch.zeros(3, 1), torch.zeros(2, 0, dtype=torch.long), 2.0)
    assert matrix.to_dense().tolist() == [[1.0]]


def test_affinities_by_hand():
    colours = torch.tensor([[0.0, 3.0, 3.0], [0.0, 4.0, 4.0]])
    matrix = region_affinity(colours, torch.tensor([[0, 1], [1, 2]]), 2.5).to_dense()
    a = math.exp(-2)
    torch.testing.assert_close(matrix, torch.tensor([[1, a, 0], [a, 1, 1], [0, 1, 1]]))


def pixel_walk(ids):
    """Return which share of each region goes where when pixels go to a neighbour, one by one."""
    sizes, (height, width) = region_sizes(ids), ids.shape
    walk = torch.zeros(len(sizes), len(sizes), dtype=torch.float64)
    for y in range(height):
        for x in range(width):
            for other in ((y, x + 1), (y, x - 1), (y + 1, x), (y - 1, x)):
                inside = 0 <= other[0] < height and 0 <= other[1] < width
                own = ids[y, x]
                walk[own, ids[other] if inside else own] += 0.25 / sizes[own]
    return walk


def test_flow_is_that_of_pixels_one_by_one():
    ids = drawn()
    assert torch.equal(torch.arange(9), ids.unique())
    flow = region_walk_matrix(ids).to_dense().double()
    sizes = region_sizes(ids)
    torch.testing.assert_close(flow / sizes[:, None], pixel_walk(ids))
    assert torch.equal(flow, flow.T) and torch.equal(flow.sum(1), sizes.double())
    assert (flow >= 0).all()


def test_scores_walk_by_the_shares_of_regions():
    ids, scores = drawn(), torch.rand(3, 9)
    power = torch.linalg.matrix_power(pixel_walk(ids), 5)
    walked = random_walk(region_walk_matrix(ids), scores, 5)
    torch.testing.assert_close(walked, (power @ scores.double().T).T.float())


def test_a_walk_keeps_what_all_pixels_have_together():
    """Long walks end with the mean over pixels, however large the regions are."""
    ids = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 2]])
    scores = torch.tensor([[0.0, 0.8, 0.0]])
    walked = random_walk(region_walk_matrix(ids), scores, 1000)
    torch.testing.assert_close(walked, torch.full((1, 3), 0.1))


def test_sides_by_hand_and_one_region_keeps_all():
    pairs, sides = shared_sides(torch.tensor([[0, 0, 1], [2, 2, 1]]))
    assert (pairs.T.tolist(), sides.tolist()) == ([[0, 1], [0, 2], [1, 2]], [1, 2, 1])
    assert region_walk_matrix(torch.zeros(3, 4, dtype=torch.int32)).to_dense().tolist() == [[12.0]]
