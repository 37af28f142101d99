# SPDX-License-Identifier: Apache-2.0
"""The graph of the regions of an image."""

import math

import torch

from wsss.ops.region_graph import region_affinity, touching_regions


def test_pairs_equal_a_loop_over_pixels():
    ids = torch.randint(0, 9, (7, 8), generator=torch.Generator().manual_seed(0))
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
