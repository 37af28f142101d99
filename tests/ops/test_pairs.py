# SPDX-License-Identifier: Apache-2.0
"""Pairs of near cells and the distances of their features."""

import pytest
import torch

from wsss.ops.pairs import pair_distances, pair_offsets, paired


def test_published_numbers_of_pairs():
    offsets = pair_offsets(5)
    assert len(offsets) == 34 and len(pair_offsets(10)) == 152
    # PSA starts at interior cells of a 56 x 56 grid: 4 rows and 2 x 4 columns are left out
    assert 34 * (56 - 4) * (56 - 8) == 84864
    assert all(dy * dy + dx * dx < 25 for dy, dx in offsets)
    mirrored = {(-dy, -dx) for dy, dx in offsets}
    assert not mirrored & set(offsets) and len(mirrored | set(offsets)) == 68


def test_a_radius_without_pairs_is_refused():
    with pytest.raises(ValueError, match='at least 2'):
        pair_offsets(1)


def test_ends_of_pairs():
    grid = torch.arange(12).view(3, 4)
    first, second = paired(grid, (1, -2))
    assert first.tolist() == [[2, 3], [6, 7]] and second.tolist() == [[4, 5], [8, 9]]
    for offset in ((4, 0), (0, 5), (3, -4)):
        assert all(end.numel() == 0 for end in paired(grid, offset))


def slow(features, offsets):
    n, c, height, width = features.shape
    found = torch.zeros(n, len(offsets), height, width, dtype=features.dtype)
    for k, (dy, dx) in enumerate(offsets):
        for y in range(height):
            for x in range(width):
                if y + dy < height and 0 <= x + dx < width:
                    difference = features[:, :, y, x] - features[:, :, y + dy, x + dx]
                    found[:, k, y, x] = difference.abs().mean(1)
    return found


@pytest.mark.parametrize('size', [(6, 7), (2, 3), (1, 2)])
def test_distances_equal_a_slow_form_and_so_do_their_gradients(size):
    torch.manual_seed(0)
    offsets = pair_offsets(4)
    features = torch.randn(2, 5, *size, dtype=torch.float64)
    ours, theirs = features.clone().requires_grad_(), features.clone().requires_grad_()
    found, expected = pair_distances(ours, offsets), slow(theirs, offsets)
    torch.testing.assert_close(found, expected)
    weight = torch.rand_like(expected)
    (found * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_channels_last_features_give_the_same():
    offsets, features = pair_offsets(3), torch.rand(2, 8, 5, 6)
    last = features.to(memory_format=torch.channels_last)
    torch.testing.assert_close(pair_distances(last, offsets), pair_distances(features, offsets))
