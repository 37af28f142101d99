# SPDX-License-Identifier: Apache-2.0
"""Scores and labels summed over the regions of an image, without a loop over them.

A region map is integer ``(H, W)`` with the ids 0..S-1, each of which occurs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .background import best_plane


def contiguous_ids(ids: np.ndarray) -> np.ndarray:
    """Return the region map with its ids renumbered to 0..S-1, in their order.

    Args:
        ids: Integer ``(H, W)``, any values.

    Returns:
        int32 ``(H, W)``.

    Example:
        >>> contiguous_ids(np.array([[-1, 7], [7, 3]]))
        array([[0, 2],
               [2, 1]], dtype=int32)
    """
    if 0 <= ids.min() and ids.max() <= 4 * ids.size:  # as a rule, and several times faster
        there = np.bincount(ids.ravel()) > 0
        return (np.cumsum(there, dtype=np.int32) - 1)[ids]
    return np.unique(ids, return_inverse=True)[1].reshape(ids.shape).astype(np.int32)


def region_sizes(ids: Tensor) -> Tensor:
    """Return how many pixels each region of ``(H, W)`` has, int64 ``(S,)``."""
    return torch.bincount(ids.reshape(-1))


def region_means(planes: Tensor, ids: Tensor) -> Tensor:
    """Return the mean of each plane over each region, ``q_R(c) = 1/|R| sum_{p in R} q_p(c)``.

    Args:
        planes: float ``(L, H, W)``.
        ids: Region map ``(H, W)`` on the same device.

    Returns:
        float32 ``(L, S)``, differentiable; sums are of double precision.
    """
    flat, index = planes.reshape(len(planes), -1), ids.reshape(-1).long()
    sizes = region_sizes(ids)
    if flat.device.type == 'cpu' and not flat.requires_grad:
        flat, index = _sum_runs(flat, index)
    sums = flat.new_zeros((len(flat), len(sizes)), dtype=torch.float64)
    return (sums.index_add_(1, index, flat.double()) / sizes).float()


def _sum_runs(flat: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Sum neighbours of one region in each row, which leaves a tenth of the sums to scatter.

    On a CPU each sum of a scatter waits for the one before it.
    """
    starts = torch.cat([index.new_zeros(1), torch.nonzero(index.diff())[:, 0] + 1])
    sums = np.add.reduceat(flat.float().numpy(), starts.numpy(), axis=1)
    return torch.from_numpy(sums), index[starts]


def region_shares(labels: Tensor, ids: Tensor, num_labels: int) -> Tensor:
    """Return which share of each region has which label.

    Args:
        labels: Integer ``(H, W)``; values from ``num_labels`` on count for nobody.
        ids: Region map ``(H, W)`` on the same device.
        num_labels: Labels are 0..L-1.

    Returns:
        float32 ``(L, S)``; sums to 1 over L where all pixels have a label.
    """
    index = ids.reshape(-1).long()
    sizes = region_sizes(ids)
    columns = num_labels + 1
    pairs = index * columns + labels.reshape(-1).long().clamp(max=num_labels)
    counts = torch.bincount(pairs, minlength=len(sizes) * columns).reshape(-1, columns)
    return (counts[:, :num_labels].T / sizes).float()


def elect(means: Tensor, min_confidence: float = 0.0) -> Tensor:
    """Return 1 for the winner of each region and 0 for the others.

    Args:
        means: float ``(L, S)``, background first; a class wins over a background of the same score.
        min_confidence: Regions whose winner has less, and those where all have 0, elect nobody.

    Returns:
        The same shape and dtype.

    Example:
        >>> elect(torch.tensor([[0.5, 0.1], [0.2, 0.3]]), min_confidence=0.4)
        tensor([[1., 0.],
                [0., 0.]])
    """
    label, score = best_plane(means)
    sure = (score > 0) & (score >= min_confidence)
    return torch.zeros_like(means).scatter_(0, label[None], sure[None].to(means.dtype))


def spread(values: Tensor, ids: Tensor) -> Tensor:
    """Give every pixel what its region has: ``(L, S)`` and ``(H, W)`` to ``(L, H, W)``.

    Differentiable; with :func:`region_means` what :mod:`wsss.ops.association` is for shares.
    """
    return values.index_select(1, ids.reshape(-1)).reshape(-1, *ids.shape)
