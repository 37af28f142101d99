# SPDX-License-Identifier: Apache-2.0
"""Energies of single pixels."""

from __future__ import annotations

import numpy as np

# below which scores are lifted before the logarithm
FLOOR = 1e-5


def unary_from_scores(scores: np.ndarray) -> np.ndarray:
    """Return ``-log`` of scores clipped to [1e-5, 1].

    Scores need not sum to 1: a constant of a pixel changes nothing, but for the clipping.

    Args:
        scores: float ``(L, H, W)``.

    Returns:
        float32 ``(L, H, W)``.
    """
    return -np.log(np.clip(scores, FLOOR, 1, dtype=np.float32))


def unary_from_labels(labels: np.ndarray, num_labels: int, probability: float) -> np.ndarray:
    """Return the energies of labels that are right with a known probability.

    ``-log p`` for a pixel's label, ``-log((1 - p) / (L - 1))`` for the others.

    Args:
        labels: integer ``(H, W)`` in 0..L - 1; L where nothing is known: equal energies.
        num_labels: L, at least 2.
        probability: p, in (0, 1).

    Returns:
        float32 ``(L, H, W)``.

    Example:
        >>> unary_from_labels(np.array([[2]]), 3, 0.7).round(4).ravel().tolist()
        [1.8970999717712402, 1.8970999717712402, 0.35670000314712524]
    """
    if num_labels < 2:
        raise ValueError(f'num_labels must be at least 2, got {num_labels}')
    given = labels == np.arange(num_labels, dtype=labels.dtype)[:, None, None]
    wrong = -np.log((1 - probability) / (num_labels - 1))
    return np.where(given, np.float32(-np.log(probability)), np.float32(wrong))
