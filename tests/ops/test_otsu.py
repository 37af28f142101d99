# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from skimage.filters import threshold_otsu

from wsss.ops.otsu import otsu_cut, otsu_thresholds


@pytest.mark.parametrize('bins', [2, 64, 256])
def test_thresholds_equal_those_of_scikit_image(bins):
    rng = np.random.default_rng(0)
    rows = np.stack(
        [
            rng.random(3000),
            np.concatenate([rng.normal(0.2, 0.05, 2000), rng.normal(0.7, 0.1, 1000)]),
            rng.beta(0.4, 2.0, 3000),
        ]
    )
    expected = [threshold_otsu(row, nbins=bins) for row in rows]
    found = otsu_thresholds(torch.from_numpy(rows), bins)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_rows_do_not_influence_each_other():
    rows = torch.rand(3, 500, generator=torch.Generator().manual_seed(0))
    together = otsu_thresholds(rows)
    apart = torch.cat([otsu_thresholds(row[None]) for row in rows])
    assert torch.equal(together, apart)


def test_two_levels_are_separated():
    values = torch.tensor([[0.1] * 7 + [0.8] * 3])
    threshold = float(otsu_thresholds(values))
    assert 0.1 < threshold < 0.8


def test_constant_row_gives_its_value_as_in_scikit_image():
    assert float(otsu_thresholds(torch.full((1, 5), 0.25))) == 0.25
    assert threshold_otsu(np.full(5, 0.25)) == 0.25


def test_row_without_values_is_refused():
    with pytest.raises(ValueError, match='at least one value'):
        otsu_thresholds(torch.zeros(2, 0))


@pytest.mark.parametrize('seed', range(3))
def test_cut_of_a_histogram_equals_scikit_image(seed):
    generator = np.random.default_rng(seed)
    counts = generator.integers(0, 50, 40)
    counts[0] = counts[-1] = 0
    centres = np.linspace(0, 1, 40)
    expected = threshold_otsu(hist=(counts[1:-1], centres[1:-1]))
    found = otsu_cut(torch.from_numpy(counts), torch.from_numpy(centres))
    assert centres[found] == expected


def test_cut_of_a_single_value_is_the_first_bin():
    assert otsu_cut(torch.tensor([0, 7, 0]), torch.tensor([0.0, 0.5, 1.0])) == 0
