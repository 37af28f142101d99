# SPDX-License-Identifier: Apache-2.0
"""Masks from noise of low frequency."""

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.fourier_masks import cut_fields, frequency_weights, low_frequency_fields


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def energies(fields):
    """Return the shares of energy at each horizontal and vertical frequency, without the mean."""
    power = torch.fft.fft2(fields.double()).abs() ** 2
    power[:, 0, 0] = 0
    height, width = fields.shape[1:]
    y, x = (torch.fft.fftfreq(n) * n for n in (height, width))
    total = power.sum()
    across = [float(power[:, :, x.abs() == k].sum() / total) for k in range(4)]
    along = [float(power[:, y.abs() == k].sum() / total) for k in range(4)]
    return np.array(across), np.array(along)


def test_weights_by_hand():
    weights = frequency_weights((4, 4), 2.0)
    # frequencies 0, 1/4, 1/2: in units of the lowest 0 (which counts as 1), 1, 2
    assert torch.allclose(weights[0], torch.tensor([1.0, 1.0, 0.25]))
    assert weights[2, 2] == pytest.approx(1 / 8)
    assert weights.shape == (4, 3)


def test_no_direction_is_preferred():
    across, along = energies(low_frequency_fields(600, (64, 64), generator=seeded()))
    assert np.allclose(across, along, rtol=0.1, atol=0.01)
    high_across, high_along = 1 - across[:2].sum(), 1 - along[:2].sum()
    assert high_across == pytest.approx(high_along, rel=0.2)
    assert high_across > 0.005


def test_the_published_form_has_two_horizontal_frequencies():
    across, along = energies(low_frequency_fields(200, (64, 64), 3.0, 'legacy', seeded()))
    assert across[2:] == pytest.approx(0, abs=1e-9)
    assert across[1] > 0.8 and along[2] > 0


@pytest.mark.parametrize('size', [(12, 8), (8, 12), (7, 9), (9, 6)])
def test_the_published_form_by_its_steps(size):
    """Weights meant for the width lie along the height, real parts from the first row."""
    height, width = size
    y = np.fft.fftfreq(height)[:, None]
    x = np.fft.fftfreq(width)[: width // 2 + 1]
    scale = 1 / np.maximum(np.sqrt(x**2 + y**2), 1 / max(size)) ** 3
    rows = min(height, width // 2 + 1)
    noise = torch.randn(3, rows, 2, 2, generator=seeded(5)).numpy()
    spectrum = scale[0, :rows, None] * noise[..., 0] + 1j * scale[1, :rows, None] * noise[..., 1]
    slow = np.fft.irfftn(spectrum, size, axes=(1, 2))
    ours = low_frequency_fields(3, size, 3.0, 'legacy', seeded(5)).numpy()
    assert np.allclose(ours * np.abs(slow).max() / np.abs(ours).max(), slow, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('size', [(1, 1), (1, 5), (5, 1), (2, 2), (3, 200)])
@pytest.mark.parametrize('spectrum', ['isotropic', 'legacy'])
def test_any_size_has_finite_fields_and_masks(size, spectrum):
    fields = low_frequency_fields(4, size, 3.0, spectrum, seeded())
    assert fields.shape == (4, *size) and fields.isfinite().all()
    masks = cut_fields(fields, [0.0, 0.3, 0.5, 1.0], 0.0, seeded())
    assert masks.shape == (4, *size)
    assert (masks[0] == 0).all() and (masks[3] == 1).all()


@pytest.mark.parametrize('spectrum', ['isotropic', 'legacy'])
def test_the_mean_is_the_share_up_to_a_pixel(spectrum):
    shares = [0.0, 0.001, 0.25, 1 / 3, 0.5, 0.9, 1.0]
    fields = low_frequency_fields(len(shares), (33, 47), 3.0, spectrum, seeded())
    means = cut_fields(fields, shares, 0.0, seeded()).mean(dim=(1, 2))
    assert torch.allclose(means, torch.tensor(shares), rtol=0, atol=1 / (33 * 47) + 1e-7)


def test_the_highest_values_are_one_as_a_full_sort_says():
    field = low_frequency_fields(1, (20, 30), generator=seeded(2))
    mask = cut_fields(field, [0.37 - 1e-9], 0.0, seeded())[0]
    ones = int(mask.sum())
    assert ones in (222, 221)
    order = field.flatten().argsort(descending=True)
    assert (mask.flatten()[order[:ones]] == 1).all() and (mask.flatten()[order[ones:]] == 0).all()


def test_fields_may_lie_in_memory_in_any_way():
    field = torch.rand(2, 5, 7, generator=torch.Generator().manual_seed(0))
    found = cut_fields(
        field.transpose(1, 2), [0.4, 0.6], generator=torch.Generator().manual_seed(1)
    )
    expected = cut_fields(
        field.transpose(1, 2).contiguous(), [0.4, 0.6], generator=torch.Generator().manual_seed(1)
    )
    assert torch.equal(found, expected) and 0 < found.mean() < 1


def test_shares_between_pixels_are_rounded_both_ways():
    fields = low_frequency_fields(400, (3, 3), generator=seeded())
    sums = cut_fields(fields, [0.5] * 400, 0.0, seeded()).sum(dim=(1, 2))
    assert set(sums.tolist()) == {4.0, 5.0}
    assert 0.4 < float((sums == 5).float().mean()) < 0.6


def test_soft_edges_by_hand():
    field = torch.arange(8.0).reshape(1, 2, 4)  # from lowest to highest
    mask = cut_fields(field, [0.5], 0.25)[0].flatten()
    # ranks 2 to 5 of 8 are a ramp from 1 to 0
    expected = [0, 0, 0, 1 / 3, 2 / 3, 1, 1, 1]
    assert mask.tolist() == pytest.approx(expected)


def test_soft_edges_are_no_wider_than_the_smaller_side():
    fields = low_frequency_fields(2, (40, 40), generator=seeded())
    masks = cut_fields(fields, [0.1, 0.95], 0.5, seeded())
    assert masks.mean(dim=(1, 2)).tolist() == pytest.approx([0.1, 0.95], abs=1e-3)
    assert float(masks.min()) == 0 and float(masks.max()) == 1
    assert ((masks > 0) & (masks < 1)).flatten(1).sum(1).tolist() == pytest.approx(
        [318, 158], abs=4
    )


def test_refusals():
    with pytest.raises(ConfigError, match='spectrum'):
        low_frequency_fields(1, (4, 4), 3.0, 'white')
    with pytest.raises(ConfigError, match='1 x 1'):
        low_frequency_fields(1, (0, 4))
    for share in (-0.1, 1.5, float('nan'), '0.5'):
        with pytest.raises(ConfigError, match=r'shares\[1\] must be a number in \[0, 1\]'):
            cut_fields(torch.rand(2, 4, 4), [0.5, share])
    with pytest.raises(ConfigError, match='each of 2 fields needs a share, got 1'):
        cut_fields(torch.rand(2, 4, 4), [0.5])
