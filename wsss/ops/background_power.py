# SPDX-License-Identifier: Apache-2.0
"""The background score of AffinityNet and the threshold that it amounts to."""

from __future__ import annotations

import math

from torch import Tensor


def background_power(best: Tensor, alpha: float) -> Tensor:
    """Return the background score ``(1 - max_k M_k)^alpha``.

    Ahn and Kwak, "Learning Pixel-Level Semantic Affinity with Image-Level Supervision for Weakly
    Supervised Semantic Segmentation", CVPR 2018.

    Args:
        best: float, the largest class score of each pixel, in [0, 1].
        alpha: Positive; a larger one means less background.

    Returns:
        float in [0, 1], the shape of ``best``.
    """
    return (1 - best).clamp(0, 1).pow(alpha)


def power_to_threshold(alpha: float) -> float:
    """Return the score t at which background and class are equal: ``(1 - t)^alpha = t``.

    Args:
        alpha: Positive, or infinity.

    Returns:
        t in [0, 1], falling in ``alpha``: 1 gives 0.5, 4 gives 0.276, 32 gives 0.077.

    Raises:
        ValueError: If ``alpha`` is not positive.
    """
    if not alpha > 0:
        raise ValueError(f'alpha must be positive, got {alpha}')
    if math.isinf(alpha):
        return 0.0
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if (1 - middle) ** alpha > middle:
            low = middle
        else:
            high = middle


def threshold_to_power(threshold: float) -> float:
    """Return the alpha with ``(1 - threshold)^alpha = threshold``; infinity for 0, 0 for 1.

    Raises:
        ValueError: If ``threshold`` is outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f'threshold must be in [0, 1], got {threshold}')
    if threshold == 0:
        return math.inf
    if threshold == 1:
        return 0.0
    return math.log(threshold) / math.log1p(-threshold)
