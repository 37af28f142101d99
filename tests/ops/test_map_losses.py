# SPDX-License-Identifier: Apache-2.0
"""Entropy and spread of maps."""

import math

import pytest
import torch

from wsss.ops.map_losses import masked_mean, sigmoid_entropy, softmax_entropy, spread


def test_entropies_by_hand():
    assert softmax_entropy(torch.zeros(1, 4)).item() == pytest.approx(math.log(4))
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    assert softmax_entropy(logits).item() == pytest.approx(1.5 * math.log(2))
    assert sigmoid_entropy(torch.zeros(1)).item() == pytest.approx(math.log(2))
    p = 0.9
    expected = -(p * math.log(p) + (1 - p) * math.log(1 - p))
    assert sigmoid_entropy(torch.tensor(math.log(9.0))).item() == pytest.approx(expected)


def test_entropies_stay_in_range_at_any_logit():
    logits = torch.tensor([[-1e4, 0.0, 1e4], [80.0, 79.0, -torch.inf], [3e38, -3e38, 0.0]])
    found = softmax_entropy(logits)
    assert ((found >= -1e-6) & (found <= math.log(3) + 1e-6)).all()
    assert sigmoid_entropy(torch.tensor([-1e4, 1e4, 88.0])).tolist() == pytest.approx([0, 0, 0])


def test_means_of_what_is_valid():
    values = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    assert masked_mean(values, None).item() == 4
    assert masked_mean(values, torch.tensor([[1.0], [0.0]])).item() == 2
    assert masked_mean(values, torch.zeros(2, 2)).item() == 0


def slow_spread(mass, cap=None):
    """Every cell in a loop."""
    height, width = mass.shape
    places = [
        ((2 * i + 1) / height - 1, (2 * j + 1) / width - 1, float(mass[i, j]))
        for i in range(height)
        for j in range(width)
    ]
    total = sum(m for *_, m in places)
    mu = [sum(p[axis] * p[2] for p in places) / total for axis in (0, 1)]
    found = 0.0
    for y, x, m in places:
        squared = (y - mu[0]) ** 2 + (x - mu[1]) ** 2
        found += m / total * min(squared, math.inf if cap is None else cap)
    return found


@pytest.mark.parametrize('size', [(4, 4), (3, 8), (8, 3), (1, 5)])
@pytest.mark.parametrize('cap', [None, 0.2])
def test_spread_is_that_of_a_loop(size, cap):
    maps = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = [slow_spread(m, cap) for m in maps.flatten(0, 1)]
    assert spread(maps, cap).flatten().tolist() == pytest.approx(expected)


def test_spread_of_uniform_single_and_empty_maps():
    assert spread(torch.ones(400, 300)).item() == pytest.approx(2 / 3, abs=1e-4)
    single = torch.zeros(7, 9)
    single[2, 5] = 0.1
    assert spread(single).item() == pytest.approx(0, abs=1e-9)
    assert spread(torch.zeros(7, 9)).item() == 0


def test_spread_does_not_change_when_a_map_moves_or_is_scaled():
    blob = torch.rand(3, 4, generator=torch.Generator().manual_seed(1))
    one, two = torch.zeros(12, 20), torch.zeros(12, 20)
    one[1:4, 2:6], two[7:10, 15:19] = blob, 5 * blob
    assert spread(one).item() == pytest.approx(spread(two).item(), rel=1e-4)
