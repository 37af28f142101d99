# SPDX-License-Identifier: Apache-2.0
"""Confusion matrices and the figures that follow from them."""

from __future__ import annotations

import torch
from torch import Tensor

IGNORE = 255


def check_label_ids(labels: Tensor, num_labels: int, what: str) -> None:
    """Refuse ids other than ``0..num_labels - 1`` and 255.

    Raises:
        ValueError: Naming ``what`` and some of the ids.
    """
    illegal = (labels >= num_labels) & (labels != IGNORE)
    if labels.dtype != torch.uint8:
        illegal |= labels < 0
    if bool(illegal.any()):
        ids = torch.unique(labels[illegal])[:10].tolist()
        raise ValueError(f'{what} holds the label ids {ids}; allowed are 0..{num_labels - 1}, 255')


def joint_counts(truth: Tensor, prediction: Tensor, num_labels: int) -> Tensor:
    """Count the pixels of every pair of truth and prediction, 255 included.

    Args:
        truth: Integer, any shape; ids 0..L-1 and 255.
        prediction: Integer, the shape of ``truth``; ids 0..L-1 and 255.
        num_labels: L = K+1, at most 255.

    Returns:
        int64 ``(L+1, L+1)``, rows truth, columns prediction; the last row and column are 255.

    Raises:
        ValueError: For shapes that differ or ids that do not exist.
    """
    if truth.shape != prediction.shape:
        raise ValueError(
            f'truth {tuple(truth.shape)} and prediction {tuple(prediction.shape)} must have the '
            'same shape'
        )
    check_label_ids(truth, num_labels, 'truth')
    check_label_ids(prediction, num_labels, 'prediction')
    side = num_labels + 1
    rows = truth.clamp(max=num_labels).to(torch.int32)
    columns = prediction.clamp(max=num_labels).to(torch.int32)
    counts = torch.bincount((rows * side + columns).flatten(), minlength=side * side)
    return counts.reshape(side, side)


def confusion_matrix(truth: Tensor, prediction: Tensor, num_labels: int) -> Tensor:
    """Count the pixels of every pair of truth and predicted label.

    Pixels whose truth is 255 are left out. Pixels predicted as 255 are left out as well: they count
    neither for nor against a class, so the share of them must be read beside any figure
    (:func:`joint_counts` has them, :class:`wsss.evaluation.MaskMetric` prints it as coverage).

    Args:
        truth: Integer, any shape; ids 0..L-1 and 255.
        prediction: Integer, the shape of ``truth``; ids 0..L-1 and 255.
        num_labels: L = K+1.

    Returns:
        int64 ``(L, L)``, rows truth, columns prediction.

    Example:
        >>> confusion_matrix(torch.tensor([0, 1, 1, 255]), torch.tensor([0, 0, 1, 1]), 2).tolist()
        [[1, 0], [1, 1]]
    """
    return joint_counts(truth, prediction, num_labels)[:-1, :-1].clone()


def iou(confusion: Tensor) -> Tensor:
    """Return TP / (TP + FP + FN) of every label.

    Args:
        confusion: ``(..., L, L)``, rows truth, columns prediction.

    Returns:
        float64 ``(..., L)`` in [0, 1]; NaN for a label that occurs neither in truth nor in
        prediction.
    """
    counts = confusion.double()
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return hits / (counts.sum(-1) + counts.sum(-2) - hits)


def dice(confusion: Tensor) -> Tensor:
    """Return 2 TP / (2 TP + FP + FN) of every label; shapes and NaN as in :func:`iou`."""
    counts = confusion.double()
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return 2 * hits / (counts.sum(-1) + counts.sum(-2))


def accuracy(confusion: Tensor) -> Tensor:
    """Return the share of pixels that are right, ``(...)``; NaN where there is no pixel."""
    counts = confusion.double()
    return counts.diagonal(dim1=-2, dim2=-1).sum(-1) / counts.sum((-2, -1))


def mean_iou(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`iou` over the labels that occur, ``(...)``."""
    return iou(confusion).nanmean(-1)


def precision(confusion: Tensor) -> Tensor:
    """Return TP / (TP + FP) of every label, ``(..., L)``; NaN for one that is never predicted."""
    counts = confusion.double()
    return counts.diagonal(dim1=-2, dim2=-1) / counts.sum(-2)


def recall(confusion: Tensor) -> Tensor:
    """Return TP / (TP + FN) of every label, ``(..., L)``; NaN for one without truth."""
    counts = confusion.double()
    return counts.diagonal(dim1=-2, dim2=-1) / counts.sum(-1)


def over_activation(confusion: Tensor) -> Tensor:
    """Return FP / (TP + FP + FN) of every label: how much of it is claimed without being there.

    Together with :func:`under_activation` and :func:`iou` it sums to 1; shapes and NaN as there.
    """
    counts = confusion.double()
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return (counts.sum(-2) - hits) / (counts.sum(-1) + counts.sum(-2) - hits)


def under_activation(confusion: Tensor) -> Tensor:
    """Return FN / (TP + FP + FN) of every label: how much of it is missed."""
    counts = confusion.double()
    hits = counts.diagonal(dim1=-2, dim2=-1)
    return (counts.sum(-1) - hits) / (counts.sum(-1) + counts.sum(-2) - hits)
