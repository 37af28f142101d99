# SPDX-License-Identifier: Apache-2.0
"""The way between the cells of a pair."""

import torch

from wsss.ops.pairs import pair_offsets
from wsss.ops.paths import path, path_maximum


def test_ways_by_hand():
    assert path((0, 3)) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert path((3, 0)) == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert path((2, 2)) == [(0, 0), (1, 1), (2, 2)]
    assert path((1, 3)) == [(0, 0), (0, 1), (1, 2), (1, 3)]
    assert path((1, -3)) == [(0, 0), (0, -1), (1, -2), (1, -3)]


def test_every_way_is_connected_and_ends_where_it_should():
    for offset in pair_offsets(10):
        cells = path(offset)
        assert cells[0] == (0, 0) and cells[-1] == offset
        assert all(max(abs(a - c), abs(b - d)) == 1 for (a, b), (c, d) in zip(cells, cells[1:]))


def test_the_largest_on_the_way_equals_a_loop():
    edges = torch.rand(2, 6, 7, generator=torch.Generator().manual_seed(0))
    offsets = pair_offsets(5)
    found = path_maximum(edges, offsets)
    expected = torch.zeros_like(found)
    for k, (dy, dx) in enumerate(offsets):
        for y in range(6 - dy):
            for x in range(max(-dx, 0), 7 - max(dx, 0)):
                values = [edges[:, y + a, x + b] for a, b in path((dy, dx))]
                expected[:, k, y, x] = torch.stack(values).amax(0)
    assert torch.equal(found, expected)


def test_pairs_that_leave_the_grid_are_zero():
    found = path_maximum(torch.ones(1, 2, 2), [(0, 1), (1, 1), (4, 0), (0, 3)])
    assert found.sum((0, 2, 3)).tolist() == [2, 1, 0, 0]
