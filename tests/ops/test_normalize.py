# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.normalize import NORMALIZATIONS, normalize_maps

MAPS = torch.tensor([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)


def test_max_divides_by_maximum_plus_eps():
    found = normalize_maps(MAPS, 'max', eps=1e-5)
    torch.testing.assert_close(found[0], MAPS[0] / 5.00001)


def test_minmax_starts_at_zero():
    found = normalize_maps(MAPS, 'minmax', eps=0)
    assert found[0].tolist() == [[0, 0.25], [0.5, 1]]


def test_none_changes_nothing():
    assert torch.equal(normalize_maps(MAPS, 'none'), MAPS)


@pytest.mark.parametrize('mode', ['max', 'minmax', 'quantile', 'none'])
@pytest.mark.parametrize('eps', [0.0, 1e-5])
def test_a_blank_map_stays_blank(mode, eps):
    assert float(normalize_maps(MAPS, mode, eps)[1].abs().sum()) == 0


@pytest.mark.parametrize('mode', NORMALIZATIONS)
def test_no_maps_are_fine(mode):
    assert normalize_maps(torch.zeros(0, 4, 5), mode).shape == (0, 4, 5)


def test_an_unknown_mode_is_refused_with_near_names():
    with pytest.raises(
        ConfigError, match="'min_max'.* Did you mean 'minmax'.*max, minmax, quantile"
    ):
        normalize_maps(MAPS, 'min_max')


def test_quantile_clips_single_hot_cells():
    maps = torch.arange(100.0, dtype=torch.float64).reshape(1, 10, 10)
    maps[0, 9, 9] = 1e6
    found = normalize_maps(maps, 'quantile', eps=0, quantile=0.95)
    # the 95th smallest value is 94
    torch.testing.assert_close(found, maps.clamp(max=94) / 94)
    torch.testing.assert_close(
        normalize_maps(maps, 'quantile', quantile=1.0), normalize_maps(maps, 'max')
    )


def test_quantile_of_a_map_that_is_nearly_blank_is_its_maximum():
    maps = torch.zeros(1, 10, 10)
    maps[0, 3, 4] = 5
    found = normalize_maps(maps, 'quantile', eps=0)
    assert found[0, 3, 4] == 1 and found.sum() == 1


def test_sigmoid_is_the_softmax_of_one_class_against_a_background_of_0():
    logits = torch.tensor([[[0.0, 2.0], [-1.0, 30.0]]], dtype=torch.float64)
    expected = 1 / (1 + (-logits).exp())
    torch.testing.assert_close(normalize_maps(logits, 'sigmoid'), expected)
    torch.testing.assert_close(normalize_maps(logits, 'softmax'), expected)


def test_softmax_shares_each_cell_among_classes_and_background():
    logits = torch.tensor([[[1.0]], [[-2.0]]], dtype=torch.float64)
    total = 1 + math.exp(1) + math.exp(-2)
    found = normalize_maps(logits, 'softmax').flatten()
    torch.testing.assert_close(found, torch.tensor([math.exp(1), math.exp(-2)]).double() / total)
