# SPDX-License-Identifier: Apache-2.0
"""Powers as short sums of Chebyshev polynomials."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def power_coefficients(exponent: int, tolerance: float = 1e-7) -> tuple[float, ...]:
    """Return ``c`` with ``x^exponent = sum_k c_k T_k(x)`` on [-1, 1], as few as are needed.

    ``c_k`` is ``2^(1 - exponent)`` times the number of ways to choose ``(exponent - k) / 2`` of
    ``exponent`` (half of it for k = 0): nearly a Gaussian with the standard deviation
    ``sqrt(exponent)``. What is left out sums to less than ``tolerance``, and the rest is divided by
    its sum, so that 1 stays 1.

    Args:
        exponent: At least 0.
        tolerance: Largest error of the sum for any x in [-1, 1].

    Raises:
        ValueError: If ``exponent`` is negative.

    Example:
        >>> power_coefficients(3)  # x^3 = (3 T_1 + T_3) / 4
        (0.0, 0.75, 0.0, 0.25)
    """
    if exponent < 0:
        raise ValueError(f'exponent must be at least 0, got {exponent}')
    # c_k / c_(k - 2) = (n - k + 2) / (n + k), summed in logarithms: c_0 of a large power is tiny
    k = np.arange(exponent % 2, exponent + 1, 2)
    steps = np.log((exponent - k[1:] + 2) / (exponent + k[1:]))
    relative = np.exp(np.concatenate([[0], np.cumsum(steps)]))
    if exponent % 2 == 0:
        relative[0] /= 2
    values = relative / relative.sum()
    left = values[::-1].cumsum()[::-1]
    kept = max(int((left >= tolerance).sum()), 1)
    coefficients = np.zeros(k[kept - 1] + 1)
    coefficients[k[:kept]] = values[:kept] / values[:kept].sum()
    return tuple(coefficients.tolist())
