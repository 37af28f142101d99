# SPDX-License-Identifier: Apache-2.0
"""Losses of associations against numbers worked out by hand and a loop over pixels."""

import math

import pytest
import torch

from wsss.ops.association import associate, superpixel_affinity
from wsss.ops.superpixel_losses import (
    cross_entropy_error,
    diff_loss,
    distance_error,
    masked_mean,
    neighbour_kinds,
    positions,
    press_loss,
    reconstruct,
    superpixel_labels,
)

CELL = 2


def own_cells(height, width):
    """Each pixel belongs to the superpixel of its cell."""
    return torch.eye(9)[4].view(1, 9, 1, 1).repeat(1, 1, height, width)


def onehot(rows, classes=2):
    return torch.nn.functional.one_hot(torch.tensor([rows]), classes).permute(0, 3, 1, 2).float()


def test_reconstruction_is_that_of_a_loop_over_pixels():
    generator = torch.Generator().manual_seed(0)
    q = associate(torch.randn(1, 9, 4, 6, generator=generator, dtype=torch.float64), CELL)
    features = torch.randn(1, 3, 4, 6, generator=generator, dtype=torch.float64)
    valid = (torch.rand(1, 1, 4, 6, generator=generator) > 0.3).double()
    dense = torch.zeros(24, 6, dtype=torch.float64)  # pixels x superpixels
    for y in range(4):
        for x in range(6):
            for k in range(9):
                row, column = y // CELL + k // 3 - 1, x // CELL + k % 3 - 1
                if 0 <= row < 2 and 0 <= column < 3:
                    dense[y * 6 + x, row * 3 + column] = q[0, k, y, x]
    weights = dense * valid.view(24, 1)
    means = weights.T @ features.view(3, 24).T / weights.sum(0)[:, None]
    expected = (dense @ means).T.view(1, 3, 4, 6)
    found = reconstruct(features, q, CELL, valid)
    assert torch.allclose(found, expected, atol=1e-12)
    apart = (features - expected).square().sum(1).sqrt()[0]
    assert distance_error(features, q, CELL, valid).item() == pytest.approx(
        float((apart * valid[0, 0]).sum() / valid.sum())
    )


def test_cross_entropy_by_hand():
    # left cell: three of label 0, one of label 1; right cell: all of label 1
    shares = onehot([[0, 0, 1, 1], [0, 1, 1, 1]])
    expected = -(3 * math.log(0.75) + math.log(0.25)) / 8
    assert cross_entropy_error(shares, own_cells(2, 4), CELL).item() == pytest.approx(expected)
    without = torch.ones(1, 1, 2, 4)
    without[0, 0, 1, 1] = 0  # the odd pixel
    assert cross_entropy_error(shares, own_cells(2, 4), CELL, without).item() == pytest.approx(0)


def test_position_error_by_hand():
    # the middle of a cell of 2 is half a diagonal away from each pixel
    q, place = own_cells(2, 4), positions(torch.zeros(1, 9, 2, 4))
    assert place[0, :, 1, 3].tolist() == [3, 1]
    assert distance_error(place, q, CELL).item() == pytest.approx(math.sqrt(0.5))
    left = torch.tensor([1.0, 1, 0, 0]).expand(1, 1, 1, 4).repeat(1, 1, 2, 1)
    left[0, 0, 1] = 0  # two pixels beside each other are left
    assert distance_error(place, q, CELL, left).item() == pytest.approx(0.5)


def test_regions_that_are_whole_superpixels_cost_nothing():
    shares = onehot([[0, 0, 1, 1], [0, 0, 1, 1]])
    assert abs(cross_entropy_error(shares, own_cells(2, 4), CELL).item()) < 1e-6
    flat = torch.full((1, 3, 2, 4), 0.3)
    assert distance_error(flat, own_cells(2, 4), CELL).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ('scores', 'label'),
    [
        ([0.9, 0.0], 1),
        ([0.04, 0.9], 2),  # 0.04 <= 0.05 * 0.9
        ([0.05, 0.9], 255),  # a rival
        ([0.5, 0.0], 255),  # background at 0.55 only
        ([0.05, 0.0], 0),  # background wins a tie
        ([0.0, 0.0], 0),
        ([0.9], 1),
        ([], 0),
    ],
)
def test_labels_of_superpixels_by_hand(scores, label):
    scores = torch.tensor(scores, dtype=torch.float64).view(1, -1, 1, 1)
    assert superpixel_labels(scores).item() == label


def test_thresholds_of_labels_are_arguments():
    scores = torch.tensor([0.5, 0.2], dtype=torch.float64).view(1, 2, 1, 1)
    assert superpixel_labels(scores, high=0.4, rival=0.5).item() == 1
    assert superpixel_labels(scores, low=0.5).item() == 0


def test_neighbours_are_same_different_or_neither():
    labels = torch.tensor([[[1, 1, 2], [1, 255, 0]]])
    same, different = neighbour_kinds(labels)
    around = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]  # two rows above
    grid = torch.tensor([*around, 0, 0, 1, 1, 2, 0, 0, 1, 255, 0, 0, 0, 0, 0, 0])
    assert same[0, :, 0, 0].tolist() == (grid == 1).tolist()
    assert different[0, :, 0, 0].tolist() == ((grid != 1) & (grid != 255)).tolist()
    assert not same[0, :, 1, 1].any() and not different[0, :, 1, 1].any()


def test_press_counts_superpixels_in_the_midst_of_a_label():
    affinity = torch.zeros(1, 25, 5, 5)
    affinity[0, 12] = 0.95
    same, _ = neighbour_kinds(torch.ones(1, 5, 5, dtype=torch.long))
    # more than 15 of 25 within the grid: the 3 x 3 middle have 16, 20 or 25, an edge's middle 15
    assert press_loss(affinity, same).item() == pytest.approx(9 * 0.2 / 25)
    assert press_loss(affinity, same, min_same=14).item() == pytest.approx(13 * 0.2 / 25)
    assert press_loss(affinity, same, limit=0.95).item() == pytest.approx(0, abs=1e-7)
    present = torch.zeros(1, 1, 5, 5)
    present[..., 2, 1:] = 1
    assert press_loss(affinity, same, present=present).item() == pytest.approx(3 * 0.2 / 4)


def test_diff_adds_affinities_across_labels():
    affinity = torch.rand(1, 25, 1, 2)
    _, different = neighbour_kinds(torch.tensor([[[0, 1]]]))
    # the left sees label 1 at its right; the right sees background everywhere but at itself
    expected = affinity[0, 13, 0, 0] + affinity[0, :, 0, 1].sum() - affinity[0, 12, 0, 1]
    assert diff_loss(affinity, different).item() == pytest.approx(float(expected) / 2)
    _, none = neighbour_kinds(torch.zeros(1, 1, 2, dtype=torch.long))
    assert diff_loss(affinity, none).item() == 0


def test_an_empty_mask_gives_zero():
    assert masked_mean(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)).item() == 0


def test_gradients_are_right():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(1, 9, 4, 4, generator=generator, dtype=torch.float64).requires_grad_()
    shares = onehot([[0, 0, 1, 1], [0, 1, 1, 2], [2, 2, 0, 0], [1, 0, 0, 2]], 3).double()
    valid = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    valid[..., 3, :] = 0
    same, different = neighbour_kinds(torch.tensor([[[0, 1], [1, 1]]]))

    def total(logits):
        q = associate(logits, CELL)
        affinity = superpixel_affinity(q, CELL)
        errors = cross_entropy_error(shares, q, CELL, valid)
        errors = errors + distance_error(positions(q).double(), q, CELL, valid)
        return errors + press_loss(affinity, same, 0.1, 1) + diff_loss(affinity, different)

    assert torch.autograd.gradcheck(total, (logits,))


def test_gradients_are_finite_where_the_distance_is_zero():
    q = own_cells(2, 4).requires_grad_()
    distance_error(torch.ones(1, 3, 2, 4), q, CELL).backward()
    assert torch.isfinite(q.grad).all()
