# SPDX-License-Identifier: Apache-2.0
"""Average precision of many classes at once."""

from __future__ import annotations

import numpy as np


def average_precision(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the average precision of every class.

    The area under the precision-recall curve as a sum over the distinct scores, ``sum_n (R_n -
    R_(n-1)) P_n``, without interpolation; images with equal scores count as one step, so their
    order does not matter. Equal to ``sklearn.metrics.average_precision_score``.

    Args:
        scores: float ``(N, K)``, finite.
        targets: bool ``(N, K)``.

    Returns:
        float64 ``(K,)`` in [0, 1]; NaN for a class without positives.

    Raises:
        ValueError: If the shapes differ or are not two-dimensional.

    Example:
        >>> average_precision(np.array([[.9], [.8], [.1]]), np.array([[True], [False], [True]]))
        array([0.83333333])
    """
    if scores.ndim != 2 or scores.shape != targets.shape:
        raise ValueError(
            f'scores and targets must have the same shape (N, K), got {scores.shape} and '
            f'{targets.shape}'
        )
    count = len(scores)
    if count == 0:
        return np.full(scores.shape[1], np.nan)
    order = np.argsort(-scores, axis=0, kind='stable')
    ranked = np.take_along_axis(scores, order, 0)
    hits = np.cumsum(np.take_along_axis(targets.astype(bool), order, 0), axis=0)
    step_ends = np.ones(scores.shape, dtype=bool)
    step_ends[:-1] = ranked[:-1] != ranked[1:]
    # hits up to the end of the step before: only the ends of steps count
    so_far = np.maximum.accumulate(np.where(step_ends, hits, 0), axis=0)
    before = np.vstack([np.zeros((1, scores.shape[1]), dtype=hits.dtype), so_far[:-1]])
    gained = np.where(step_ends, hits - before, 0)
    precision = hits / np.arange(1, count + 1)[:, None]
    positives = hits[-1]
    area = (gained * precision).sum(axis=0)
    return np.where(positives > 0, area / np.maximum(positives, 1), np.nan)
