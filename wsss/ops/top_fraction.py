# SPDX-License-Identifier: Apache-2.0
"""The score that a given share of the pixels reaches."""

from __future__ import annotations

import torch
from torch import Tensor


def top_fraction_thresholds(values: Tensor, fraction: float) -> Tensor:
    """Return for each row the value that ``round(fraction * P)`` of its pixels reach.

    Pixels equal to it count as reaching it, so a row with many equal values may keep more.

    Args:
        values: float ``(N, P)``, finite, P at least 1.
        fraction: In [0, 1].

    Returns:
        The dtype of ``values``, ``(N,)``; infinity where no pixel is to be kept.

    Raises:
        ValueError: If there are no pixels or ``fraction`` is out of range.

    Example:
        >>> top_fraction_thresholds(torch.tensor([[0.1, 0.4, 0.2, 0.3]]), 0.5)
        tensor([0.3000])
    """
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f'values must be (N, P) with P >= 1, got {tuple(values.shape)}')
    if not 0 <= fraction <= 1:
        raise ValueError(f'fraction must be in [0, 1], got {fraction}')
    pixels = values.shape[1]
    kept = int(fraction * pixels + 0.5)
    if kept == 0:
        return torch.full_like(values[:, 0], torch.inf)
    return values.kthvalue(pixels - kept + 1, dim=1).values
