# SPDX-License-Identifier: Apache-2.0
"""Values of a grid handed on to the cells around them, by kernels of each cell's own.

The deconvolution of SP-CAM (public code, commit 800c6d5). As in :mod:`wsss.ops.association`, of
which this is the case of cells of one pixel, all is computed in float32 at least.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .association import alike, associate


def neighbour_shares(logits: Tensor) -> Tensor:
    """Return shares over the cell and its eight neighbours, a softmax over those that exist.

    Args:
        logits: float ``(N, 9, h, w)``, offsets row by row.

    Returns:
        float ``(N, 9, h, w)`` of sum 1; 0 for what is beyond the border.

    Raises:
        ValueError: If there are not nine logits.

    Example:
        >>> neighbour_shares(torch.zeros(1, 9, 2, 2))[0, :, 0, 0]
        tensor([0.0000, 0.0000, 0.0000, 0.0000, 0.2500, 0.2500, 0.0000, 0.2500, 0.2500])
    """
    return associate(logits, 1)


def send_shares(values: Tensor, shares: Tensor) -> Tensor:
    """Let each cell send shares of its value to the cells around it.

    Cell ``s`` sends ``k_o(s) V(s)`` to ``s + o``: ``V'(t) = sum_o k_o(t - o) V(t - o)``, SP-CAM's
    deconvolution, whose kernels are normalised where values come from. With the shares of
    :func:`neighbour_shares` no value is lost. (The public code numbers ``-o``.)

    Args:
        values: float ``(N, C, h, w)``.
        shares: float ``(N, 9, h, w)`` for all channels, offsets ``o`` row by row; what leaves the
            grid is lost.

    Returns:
        float ``(N, C, h, w)``.

    Example:
        >>> values, shares = torch.tensor([[[[1.0, 2.0]]]]), torch.zeros(1, 9, 1, 2)
        >>> shares[0, 3, 0, 1] = 1.0  # the right cell sends all to the left, which keeps its own
        >>> shares[0, 4, 0, 0] = 1.0
        >>> send_shares(values, shares)
        tensor([[[[3., 0.]]]])
    """
    values, shares = alike(values, shares)
    batch, channels, height, width = values.shape
    sent = values[:, :, None] * shares[:, None]
    return F.fold(sent.reshape(batch, channels * 9, -1), (height, width), 3, padding=1)


def take_shares(values: Tensor, shares: Tensor) -> Tensor:
    """Let each cell take shares of the values around it, ``V'(t) = sum_o k_o(t) V(t + o)``.

    Args:
        values: float ``(N, C, h, w)``; beyond the border it is 0.
        shares: float ``(N, 9, h, w)`` for all channels, offsets ``o`` row by row.

    Returns:
        float ``(N, C, h, w)``: with shares of sum 1, means of values.

    Example:
        >>> shares = neighbour_shares(torch.zeros(1, 9, 2, 2))
        >>> take_shares(torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]), shares).unique()
        tensor([1.5000])
    """
    values, shares = alike(values, shares)
    batch, channels, height, width = values.shape
    near = F.unfold(values, 3, padding=1).reshape(batch, channels, 9, height, width)
    return (near * shares[:, None]).sum(2)
