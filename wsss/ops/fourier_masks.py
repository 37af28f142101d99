# SPDX-License-Identifier: Apache-2.0
"""Random binary masks with smooth outlines, from thresholded noise of low frequency.

E. Harris, A. Marcu, M. Painter, M. Niranjan, A. Prügel-Bennett, J. Hare, "FMix: Enhancing Mixed
Sample Data Augmentation", 2020, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..checks import check_choice, check_unit
from ..errors import ConfigError

SPECTRA = ('isotropic', 'legacy')


def frequency_weights(size: tuple[int, int], decay: float) -> Tensor:
    """Return ``1 / max(|f|, 1 / max(H, W))^decay`` of each frequency of a real Fourier transform.

    Args:
        size: ``(H, W)`` of the field.
        decay: Power, at least 0; larger means smoother.

    Returns:
        float32 ``(H, W // 2 + 1)``, 1 for the lowest.
    """
    height, width = size
    lowest = 1 / max(height, width)
    y, x = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    # in units of the lowest: powers of it leave the range of half and are of no use
    return (torch.hypot(y, x).clamp(min=lowest) / lowest).pow(-decay)


def low_frequency_fields(
    count: int,
    size: tuple[int, int],
    decay: float = 3.0,
    spectrum: str = 'isotropic',
    generator: torch.Generator | None = None,
    device: torch.device | str = 'cpu',
) -> Tensor:
    """Return fields of smooth noise, whose spectrum falls with a power of the frequency.

    Args:
        count: How many.
        size: ``(H, W)``, at least one pixel.
        decay: See :func:`frequency_weights`.
        spectrum: ``isotropic``: no direction is preferred, as the paper describes. ``legacy``: what
            the published code draws: it takes its real and imaginary parts along the wrong axis, so
            that the fields hold the horizontal frequencies 0 and 1 alone.
        generator: Of the random numbers; by default torch's for the device.
        device: Where the fields are made.

    Returns:
        float32 ``(count, H, W)``, of no particular scale.

    Raises:
        ConfigError: If a value is not usable.
    """
    check_choice(spectrum, 'spectrum', SPECTRA)
    height, width = size
    if count < 0 or height < 1 or width < 1:
        raise ConfigError(f'size must be at least 1 x 1 pixels, got {height} x {width}.')
    weights = _deviations((height, width), float(decay), spectrum).to(device)
    parts = torch.randn(count, *weights.shape, generator=generator, device=device) * weights
    # frequencies that are not drawn are 0
    padding = (0, width // 2 + 1 - weights.shape[1], 0, height - weights.shape[0])
    return torch.fft.irfft2(F.pad(torch.view_as_complex(parts), padding), size)


@lru_cache(maxsize=16)
def _deviations(size: tuple[int, int], decay: float, spectrum: str) -> Tensor:
    """Return the deviations of the numbers to draw; powers take as long as all the rest."""
    drawn = _isotropic if spectrum == 'isotropic' else _legacy
    return drawn(frequency_weights(size, decay), size).contiguous()


def _isotropic(weights: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the deviation of the real and imaginary part of each frequency."""
    weights = weights.clone()
    # in the columns that are their own mirror image only what is symmetric counts: half the energy
    weights[:, 0] *= math.sqrt(2)
    if size[1] % 2 == 0:
        weights[:, -1] *= math.sqrt(2)
    return weights[..., None].expand(*weights.shape, 2)


def _legacy(weights: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the same of the published code: rows are its horizontal weights, columns are two."""
    rows = weights[[0, min(1, size[0] - 1)], : size[0]].T  # of real parts, of imaginary parts
    return rows[:, None].expand(-1, min(2, weights.shape[1]), 2)


def cut_fields(
    fields: Tensor,
    shares: Sequence[float],
    max_soft: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return masks that are 1 where a field is highest, on a given share of it.

    A share that is no whole number of pixels is rounded up or down, each half of the time.

    Args:
        fields: float ``(N, H, W)``.
        shares: Of the pixels that are 1, for each field, in [0, 1].
        max_soft: Width of the ramp from 1 to 0 on either side of the edge, as a share of the
            pixels, in [0, 1); at most what is there on the smaller side.
        generator: Of the rounding, on the CPU.

    Returns:
        float32 ``(N, H, W)`` in [0, 1].

    Raises:
        ConfigError: If a share is none.

    Example:
        >>> cut_fields(torch.tensor([[[0.1, 0.9], [0.5, 0.7]]]), [0.5])
        tensor([[[0., 1.],
                 [0., 1.]]])
    """
    if len(shares) != len(fields):
        raise ConfigError(f'each of {len(fields)} fields needs a share, got {len(shares)}.')
    shares = [check_unit(share, f'shares[{i}]') for i, share in enumerate(shares)]
    pixels = fields[0].numel()
    up = torch.rand(len(fields), generator=generator).lt(0.5).tolist()
    masks = torch.empty(fields.shape, dtype=torch.float32, device=fields.device)
    for field, mask, share, ceil in zip(fields.flatten(1), masks.flatten(1), shares, up):
        ones = (math.ceil if ceil else math.floor)(round(share * pixels, 6))
        band = int(pixels * min(max_soft, share, 1 - share))
        if band:
            _ramp(field, mask, ones - band, ones + band)
        elif 0 < ones < pixels:
            torch.ge(field, _largest(field, ones), out=mask)
        else:
            mask.fill_(bool(ones))
    return masks


def _largest(field: Tensor, count: int) -> Tensor:
    """Return the smallest of the ``count`` largest values, by a partition, not a sort."""
    if field.is_cuda and torch.are_deterministic_algorithms_enabled():
        return field.topk(count).values[-1]  # kthvalue refuses there, for its index
    return field.kthvalue(field.numel() - count + 1).values


def _ramp(field: Tensor, mask: Tensor, first: int, last: int) -> None:
    """Fill a mask with 1, then a ramp to 0 over the places ``first`` to ``last``, then 0."""
    first, last = max(first, 0), min(last, field.numel())
    order = field.topk(last).indices
    mask.zero_()
    mask[order[:first]] = 1
    mask[order[first:]] = torch.linspace(1, 0, last - first, device=mask.device)
