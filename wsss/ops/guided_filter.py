# SPDX-License-Identifier: Apache-2.0
"""The guided filter with a colour image as its guide."""

from __future__ import annotations

import cv2
import numpy as np


def guided_filter(guide: np.ndarray, planes: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """Return the planes as local linear functions of the colours.

    In each window ``q = a . I + b`` with ``a = (Cov(I) + eps)^-1 Cov(I, p)``, ``b = mean(p) - a .
    mean(I)``, and a pixel takes the mean of ``a`` and ``b`` over the windows it is in (He, Sun,
    Tang, "Guided Image Filtering", TPAMI 2013, section 3.6). Windows end at the border.

    Args:
        guide: float ``(H, W, 3)`` in [0, 1].
        planes: float ``(H, W, L)``.
        radius: Windows have ``(2 radius + 1)^2`` pixels.
        eps: In squares of colour; larger is smoother.

    Returns:
        float64 ``(H, W, L)``; may go a little beyond the range of ``planes`` at edges.
    """
    guide, planes = np.asarray(guide, np.float64), np.asarray(planes, np.float64)
    count = _sums(np.ones(guide.shape[:2]), radius)

    def mean(x: np.ndarray) -> np.ndarray:
        return _sums(x, radius) / count

    both = np.concatenate([guide, planes], axis=2)
    means = mean(both)
    covariances = np.stack(
        [mean(guide[..., c, None] * both) - means[..., c, None] * means for c in range(3)], axis=2
    )
    own, shared = covariances[..., :3], covariances[..., 3:]  # (H, W, 3, 3), (H, W, 3, L)
    a = inverse_of_symmetric(own + eps * np.eye(3)) @ shared
    b = means[..., 3:] - np.einsum('hwcl,hwc->hwl', a, means[..., :3])
    mean_a = mean(a.reshape(*guide.shape[:2], -1)).reshape(a.shape)
    return np.einsum('hwcl,hwc->hwl', mean_a, guide) + mean(b)


def inverse_of_symmetric(matrices: np.ndarray) -> np.ndarray:
    """Return the inverses of symmetric ``(..., 3, 3)``, by cofactors: no solver is called."""
    rows = [matrices[..., i, :] for i in range(3)]
    cofactors = np.stack([np.cross(rows[i - 2], rows[i - 1]) for i in range(3)], axis=-2)
    determinant = (rows[0] * cofactors[..., 0, :]).sum(axis=-1)
    return cofactors / determinant[..., None, None]


def _sums(x: np.ndarray, radius: int) -> np.ndarray:
    """Return the sums over the windows; ``x`` is ``(H, W)`` or ``(H, W, L)``."""
    summed = cv2.boxFilter(
        x, -1, (2 * radius + 1,) * 2, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    summed = summed.reshape(x.shape)
    return summed if x.ndim == 3 else summed[..., None]
