# SPDX-License-Identifier: Apache-2.0
"""Otsu's threshold of many maps at once."""

from __future__ import annotations

import torch
from torch import Tensor


def otsu_thresholds(values: Tensor, bins: int = 256) -> Tensor:
    """Return the threshold of each row that separates its values best.

    N. Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Trans. SMC 1979: the
    threshold maximises the between-class variance ``w0 w1 (m0 - m1)^2`` of a histogram of ``bins``
    equal bins between the row's smallest and largest value.

    Args:
        values: float ``(N, P)``, finite.
        bins: Number of bins, at least 2.

    Returns:
        float64 ``(N,)``: the centre of the last bin of the lower class; of equal maxima the first;
        the value itself for a row of equal values.
    """
    values = values.double()
    if values.shape[1] == 0:
        raise ValueError('values must hold at least one value per row, got (N, 0)')
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    span = (high - low).clamp(min=torch.finfo(torch.float64).tiny)
    index = ((values - low) / span * bins).long().clamp_(max=bins - 1)
    index += torch.arange(len(values), device=values.device)[:, None] * bins
    counts = torch.bincount(index.flatten(), minlength=len(values) * bins)
    counts = counts.reshape(len(values), bins).double()
    steps = torch.arange(bins, device=values.device, dtype=torch.float64) + 0.5
    centres = low + steps * (high - low) / bins
    mass, moment = counts.cumsum(1), (counts * centres).cumsum(1)
    # the cut after each bin but the last; the first and last bin are never empty
    lower, upper = mass[:, :-1], mass[:, -1:] - mass[:, :-1]
    means = moment[:, :-1] / lower - (moment[:, -1:] - moment[:, :-1]) / upper
    variance = (lower * upper * means**2).nan_to_num(0)
    chosen = centres.gather(1, variance.argmax(1, keepdim=True))[:, 0]
    return torch.where(high[:, 0] > low[:, 0], chosen, low[:, 0])


def otsu_cut(counts: Tensor, centres: Tensor) -> int:
    """Return after how many bins Otsu's rule cuts a histogram, less one.

    Args:
        counts: ``(B,)``, not negative, with a positive sum.
        centres: ``(B,)``, rising, the value of each bin.

    Returns:
        Index in 0..B-2 of the last bin of the lower class; of equal maxima the first, 0 for values
        in one bin alone.

    Example:
        >>> otsu_cut(torch.tensor([5, 4, 0, 3, 2]), torch.arange(5))
        1
    """
    counts, centres = counts.double(), centres.double()
    mass, moment = counts.cumsum(0), (counts * centres).cumsum(0)
    lower, upper = mass[:-1], mass[-1] - mass[:-1]
    means = moment[:-1] / lower - (moment[-1] - moment[:-1]) / upper
    return int((lower * upper * means**2).nan_to_num(0, 0, 0).argmax())
