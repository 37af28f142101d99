# SPDX-License-Identifier: Apache-2.0
"""Soft and hard superpixels behind one interface."""

import pytest
import torch

from wsss.ops.association import associate
from wsss.ops.partition import HardPartition, SoftPartition

CELL, GRID = 4, (3, 5)
SIZE = (GRID[0] * CELL, GRID[1] * CELL)


def grid_ids():
    """Cells of a grid as regions ``(1, H, W)``."""
    ids = torch.arange(GRID[0] * GRID[1]).view(1, *GRID)
    return ids.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)


def at_home():
    """Shares of pixels that all belong to the superpixel of their own cell."""
    logits = torch.zeros(1, 9, *SIZE)
    logits[:, 4] = 1e4
    return associate(logits, CELL)


def soft():
    torch.manual_seed(0)
    return SoftPartition(associate(torch.randn(2, 9, *SIZE), CELL), CELL)


def hard():
    ids = torch.zeros(2, *SIZE, dtype=torch.int32)
    ids[0, :5] = 1
    ids[0, 5:, 7:] = 2
    ids[1, :, 9:] = 1
    return HardPartition(ids)


def test_regions_that_are_cells_are_shares_of_pixels_at_home():
    features = torch.randn(1, 3, *SIZE)
    regions, shares = HardPartition(grid_ids()), SoftPartition(at_home(), CELL)
    means = regions.pool(features)
    torch.testing.assert_close(means.view(1, 3, *GRID), shares.pool(features))
    values = torch.randn(1, 3, GRID[0] * GRID[1])
    torch.testing.assert_close(regions.unpool(values), shares.unpool(values.view(1, 3, *GRID)))


@pytest.mark.parametrize('make', [soft, hard])
def test_both_keep_constants_and_weighted_sums(make):
    parts = make()
    ones = parts.pool(torch.ones(2, 1, *SIZE))
    back = parts.unpool(ones)
    torch.testing.assert_close(back, torch.ones(2, 1, *SIZE))
    features = torch.rand(2, 3, *SIZE)
    walked = parts.unpool(parts.walk(parts.pool(features), 7))
    assert walked.shape == features.shape
    # a walk and the way back keep the sum over pixels: rows of A weighted by sizes are symmetric
    torch.testing.assert_close(walked.sum((2, 3)), features.sum((2, 3)), rtol=1e-4, atol=1e-3)
    # and come to rest at the mean of the image
    rest = parts.unpool(parts.walk(parts.pool(features), 4000))
    mean = features.mean((2, 3), keepdim=True).expand_as(rest)
    torch.testing.assert_close(rest, mean, rtol=1e-3, atol=1e-3)


def test_means_of_regions_by_hand_and_images_with_fewer():
    parts, plane = hard(), torch.zeros(2, 1, *SIZE)
    plane[0, :, :5], plane[0, :, 5:, 7:], plane[1, :, :, 9:] = 3.0, 5.0, 7.0
    expected = torch.tensor([[[0.0, 3.0, 5.0]], [[0.0, 7.0, 0.0]]])
    torch.testing.assert_close(parts.pool(plane), expected)
    torch.testing.assert_close(parts.unpool(expected), plane)
    torch.testing.assert_close(parts.walk(expected, 0), expected)


def test_a_step_between_two_regions_by_hand():
    parts = HardPartition(torch.tensor([[[0, 0, 1, 1]]]))
    # one of four sides of two pixels: an eighth goes over
    walked = parts.walk(torch.tensor([[[1.0, 0.0]]]), 1)
    torch.testing.assert_close(walked, torch.tensor([[[0.875, 0.125]]]))


@pytest.mark.parametrize('make', [soft, hard])
def test_both_are_differentiable(make):
    features = torch.rand(2, 2, *SIZE, requires_grad=True)
    parts = make()
    parts.unpool(parts.pool(features)).square().sum().backward()
    assert features.grad.abs().sum() > 0 and features.grad.isfinite().all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r'integer \(N, H, W\)'):
        HardPartition(torch.zeros(4, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match='0..S-1, got -1'):
        HardPartition(torch.full((1, 4, 4), -1))
    with pytest.raises(ValueError, match='each of which occurs'):
        HardPartition(torch.tensor([[[0, 0, 2, 2]]]))
    parts = hard()
    with pytest.raises(ValueError, match=r'features \(2, 1, 4, 4\).*\(2, 12, 20\)'):
        parts.pool(torch.zeros(2, 1, 4, 4))
    with pytest.raises(ValueError, match=r'values \(2, 1, 4\).*3 regions'):
        parts.unpool(torch.zeros(2, 1, 4))
    with pytest.raises(ValueError, match='features'):
        soft().pool(torch.zeros(2, 1, 4, 4))
