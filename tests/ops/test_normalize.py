# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.normalize import normalize_maps

MAPS = torch.tensor([[[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]], dtype=torch.float64)


def test_max_divides_by_maximum_plus_eps():
    found = normalize_maps(MAPS, 'max', eps=1e-5)
    torch.testing.assert_close(found[0], MAPS[0] / 5.00001)


def test_minmax_starts_at_zero():
    found = normalize_maps(MAPS, 'minmax', eps=0)
    assert found[0].tolist() == [[0, 0.25], [0.5, 1]]


def test_none_changes_nothing():
    assert torch.equal(normalize_maps(MAPS, 'none'), MAPS)


@pytest.mark.parametrize('mode', ['max', 'minmax', 'none'])
@pytest.mark.parametrize('eps', [0.0, 1e-5])
def test_a_blank_map_stays_blank(mode, eps):
    assert float(normalize_maps(MAPS, mode, eps)[1].abs().sum()) == 0


@pytest.mark.parametrize('mode', ['max', 'minmax', 'none'])
def test_no_maps_are_fine(mode):
    assert normalize_maps(torch.zeros(0, 4, 5), mode).shape == (0, 4, 5)


def test_an_unknown_mode_is_refused_with_near_names():
    with pytest.raises(ConfigError, match="'min_max'.* Did you mean 'minmax'.*max, minmax, none"):
        normalize_maps(MAPS, 'min_max')
