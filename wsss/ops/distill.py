# SPDX-License-Identifier: Apache-2.0
"""What a student does not say as its teacher does."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def soft_assignments(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how much each sample belongs to each group.

    ``q_j = softmax_j(-|e - m_j|^2 / (2 t^2))`` with the means ``m_j`` of the groups and the median
    ``t`` of the distances to the own mean. Where that is 0, a sample belongs to its nearest mean.

    Args:
        features: float ``(N, D)``.
        labels: Groups 0..k-1, none of them empty, ``(N,)``.

    Returns:
        float64 ``(N, k)`` in [0, 1], rows sum to 1.

    Example:
        >>> features = np.array([[0.0], [2.0], [9.0], [11.0]])
        >>> soft_assignments(features, np.array([0, 0, 1, 1])).round(2)
        array([[1., 0.],
               [1., 0.],
               [0., 1.],
               [0., 1.]])
    """
    member = np.eye(labels.max() + 1, dtype=features.dtype)[labels]
    means = (member.T @ features) / member.sum(axis=0)[:, None]
    # |e - m|^2 without (N, k, D) numbers in memory; samples are shifted so that nothing cancels
    centre = features.mean(axis=0)
    samples, means = features - centre, means - centre
    squares = (samples**2).sum(1)[:, None] - 2 * samples @ means.T + (means**2).sum(1)
    squares = np.maximum(squares, 0).astype(np.float64)
    scale = np.median(np.sqrt(squares[np.arange(len(labels)), labels])) ** 2
    squares -= squares.min(axis=1, keepdims=True)
    weights = np.exp(-squares / (2 * scale)) if scale > 0 else (squares == 0).astype(np.float64)
    return weights / weights.sum(axis=1, keepdims=True)


def grouped_log_softmax(logits: Tensor, groups: Tensor, num_groups: int) -> Tensor:
    """Return the log-softmax within each group of columns.

    Args:
        logits: float ``(N, S)``.
        groups: int64 ``(S,)``, group of each column.
        num_groups: How many there are; some may have no column.

    Example:
        >>> logits = torch.tensor([[0.0, 0.0, 5.0]])
        >>> grouped_log_softmax(logits, torch.tensor([0, 0, 1]), 2).exp()
        tensor([[0.5000, 0.5000, 1.0000]])
    """
    index = groups.expand_as(logits)
    empty = logits.new_full((len(logits), num_groups), -torch.inf)
    top = empty.scatter_reduce(1, index, logits.detach(), 'amax').gather(1, index)
    shifted = logits - top
    sums = logits.new_zeros(len(logits), num_groups).index_add(1, groups, shifted.exp())
    return shifted - sums.gather(1, index).log()


def sub_class_divergence(
    logits: Tensor, teacher: Tensor, groups: Tensor, num_groups: int, temperature: float = 1.0
) -> Tensor:
    """Return ``T^2 KL(q || softmax(z / T))`` within the sub-classes of each class.

    Args:
        logits: float ``(N, S)``, ``z`` of all sub-classes.
        teacher: float ``(N, S)`` in [0, 1]: ``q``. The sum over the sub-classes of a class is the
            share of the class in the label (1 where it is present, less where images are mixed,
            else 0), with which it counts.
        groups: int64 ``(S,)``, class of each sub-class.
        num_groups: How many classes there are.
        temperature: ``T``, above 0.

    Returns:
        The mean over the classes present, a scalar; 0 without any.
    """
    log_p = grouped_log_softmax(logits / temperature, groups, num_groups)
    shares = teacher.new_zeros(len(teacher), num_groups).index_add(1, groups, teacher)
    total = shares.sum()
    own = shares.gather(1, groups.expand_as(teacher))
    q = teacher / own.clamp(min=torch.finfo(teacher.dtype).tiny)
    kl = torch.xlogy(teacher, q) - teacher * log_p
    return temperature**2 * kl.sum() / total.clamp(min=1e-6)


def logit_divergence(logits: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Return ``T^2 KL(sigma(z_t / T) || sigma(z / T))``, the mean over images and classes.

    The binary cross-entropy with the teacher's probability as target, less its least value: the
    gradient is the same, and equal logits give 0.

    Args:
        logits: float ``(N, K)``, ``z``.
        teacher: float ``(N, K)``, ``z_t``.
        temperature: ``T``, above 0.
    """
    soft, own = teacher / temperature, logits / temperature
    p = soft.sigmoid()
    terms = p * (F.logsigmoid(soft) - F.logsigmoid(own))
    terms = terms + (1 - p) * (F.logsigmoid(-soft) - F.logsigmoid(-own))
    return temperature**2 * terms.mean()


def feature_distance(features: Tensor, teacher: Tensor) -> Tensor:
    """Return ``1 - cos`` of features ``(N, D)`` and those of the teacher, the mean over images."""
    return (1 - F.cosine_similarity(features, teacher, dim=1)).mean()


def relation_distance(features: Tensor, teacher: Tensor) -> Tensor:
    """Return the mean squared difference of the cosines of all pairs of a batch.

    Args:
        features: float ``(N, D)``.
        teacher: float ``(N, D')``.
    """
    ours, theirs = (F.normalize(x, dim=1) for x in (features, teacher))
    return (ours @ ours.T - theirs @ theirs.T).square().mean()
