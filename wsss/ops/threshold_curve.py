# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices at many background thresholds from one pass over the pixels.

The best foreground class of a pixel does not depend on the background threshold. So one histogram
of (truth, best class, how many thresholds its score reaches) holds all of them, and the matrix at
each threshold is a cumulative sum.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from .confusion import check_label_ids

_MAX_CELLS = 1 << 16


def check_thresholds(thresholds: Tensor) -> None:
    """Refuse thresholds that are not a rising ``(T,)`` with T >= 1."""
    if thresholds.ndim != 1 or len(thresholds) == 0:
        raise ValueError(f'thresholds must be (T,) with T >= 1, got {tuple(thresholds.shape)}')
    if not bool((thresholds[1:] > thresholds[:-1]).all()):
        raise ValueError('thresholds must be strictly increasing')


def thresholds_reached(score: Tensor, thresholds: Tensor) -> Tensor:
    """Count for every score the thresholds that it reaches (``not score < threshold``).

    Same as ``torch.searchsorted(thresholds, score, right=True)``. On the CPU, where the binary
    search costs more than everything else of a sweep, the line is cut into equal cells of which
    none holds two thresholds: then one look-up and one comparison decide. That is exact for every
    float, because score and threshold go through the same monotone arithmetic.

    Args:
        score: float, any shape.
        thresholds: ``(T,)``, strictly increasing; compared in the dtype of ``score``.

    Returns:
        int32, the shape of ``score``, in 0..T. NaN reaches all, as ``NaN < t`` is false.
    """
    thresholds = thresholds.to(score)
    cells = _cells(thresholds) if score.device.type == 'cpu' and score.numel() > 4096 else None
    # a sum that is finite has no NaN in it
    if cells is None or not bool(torch.isfinite(score.sum())):
        return torch.searchsorted(thresholds, score.contiguous(), right=True, out_int32=True)
    below, edge, scale = cells
    cell = ((score - thresholds[0]) * scale).clamp_(0, len(edge) - 1).to(torch.int32).flatten()
    # several times as fast as torch.take
    reached = below.index_select(0, cell) + (score.flatten() >= edge.index_select(0, cell))
    return reached.reshape(score.shape)


def _cells(thresholds: Tensor) -> tuple[Tensor, Tensor, float] | None:
    """Cut the line so that no cell holds two thresholds; None if that takes too many cells.

    Returns:
        below: int32 ``(cells,)``, how many thresholds lie in the cells before each.
        edge: ``(cells,)``, the threshold inside each; NaN, which nothing reaches, where none is.
        scale: Cells per unit.
    """
    span = float(thresholds[-1] - thresholds[0])
    count = 2 * len(thresholds)
    while count <= _MAX_CELLS:
        scale = (count - 1) / span if span > 0 else 1.0
        cell = ((thresholds - thresholds[0]) * scale).clamp(0, count - 1).long()
        inside = torch.bincount(cell, minlength=count)
        if int(inside.max()) == 1:
            edge = torch.full((count,), torch.nan, dtype=thresholds.dtype)
            edge[cell] = thresholds
            return (inside.cumsum(0) - inside).to(torch.int32), edge, scale
        count *= 2
    return None


def score_histogram(
    truth: Tensor, label: Tensor, score: Tensor, thresholds: Tensor, num_labels: int
) -> Tensor:
    """Count the pixels by truth, best foreground label and number of thresholds reached.

    Args:
        truth: Integer ``(H, W)``; ids 0..L-1, pixels of 255 are left out.
        label: Integer ``(H, W)``, best foreground label, 1..L-1; 0 is background at any threshold.
        score: float ``(H, W)``, the score of that label.
        thresholds: ``(T,)``, strictly increasing.
        num_labels: L = K+1.

    Returns:
        int64 ``(L, L, T+1)``; histograms of several images may be added.

    Raises:
        ValueError: For shapes that differ, ids that do not exist or unsorted thresholds.
    """
    return joint_score_histogram(truth, label, score, thresholds, num_labels)[:-1]


def joint_score_histogram(
    truth: Tensor, label: Tensor, score: Tensor, thresholds: Tensor, num_labels: int
) -> Tensor:
    """Count like :func:`score_histogram`, with one more row for the pixels whose truth is 255.

    The sum over the rows is the histogram of the scores alone, which no truth has a part in.

    Returns:
        int64 ``(L+1, L, T+1)``.
    """
    codes = pixel_codes(truth, label, score, thresholds, num_labels)
    return count_codes(codes, len(thresholds), num_labels)


def pixel_codes(
    truth: Tensor, label: Tensor, score: Tensor, thresholds: Tensor, num_labels: int
) -> Tensor:
    """Return the place of every pixel in :func:`joint_score_histogram`, arguments as there.

    Returns:
        Integer, the shape of ``truth``; whatever pixels are chosen of it can be counted.

    Raises:
        ValueError: For shapes that differ, ids that do not exist or unsorted thresholds.
    """
    if not truth.shape == label.shape == score.shape:
        raise ValueError(
            f'truth {tuple(truth.shape)}, label {tuple(label.shape)} and score '
            f'{tuple(score.shape)} must have the same shape'
        )
    check_thresholds(thresholds)
    check_label_ids(truth, num_labels, 'truth')
    if label.numel() and not 0 <= int(label.min()) <= int(label.max()) < num_labels:
        raise ValueError(
            f'label holds ids {int(label.min())}..{int(label.max())}; allowed are '
            f'0..{num_labels - 1}'
        )
    bins = len(thresholds) + 1
    dtype = torch.int32 if (num_labels + 1) * num_labels * bins < 2**31 else torch.int64
    # truth 255 becomes the last row: cheaper than selecting the pixels
    rows = truth.clamp(max=num_labels).to(dtype)
    return (rows * num_labels + label) * bins + thresholds_reached(score, thresholds)


def count_codes(codes: Tensor, num_thresholds: int, num_labels: int) -> Tensor:
    """Count :func:`pixel_codes`.

    Args:
        codes: Integer, any shape.
        num_thresholds: T.
        num_labels: L.

    Returns:
        int64 ``(L+1, L, T+1)``.
    """
    shape = (num_labels + 1, num_labels, num_thresholds + 1)
    return torch.bincount(codes.flatten(), minlength=prod(shape)).reshape(shape)


def confusions_at(histogram: Tensor) -> Tensor:
    """Turn a histogram into the confusion matrix at every threshold.

    A pixel is background at a threshold if its score is below it (``score < threshold``), else it
    has its best foreground label: the counts are those of labelling anew for every threshold.

    Args:
        histogram: int64 ``(L, L, T+1)`` of :func:`score_histogram`.

    Returns:
        int64 ``(T, L, L)``, rows truth, columns prediction.
    """
    below = histogram.cumsum(-1)
    confusions = (below[..., -1:] - below[..., :-1]).permute(2, 0, 1).contiguous()
    confusions[:, :, 0] += below[..., :-1].sum(1).T
    return confusions
