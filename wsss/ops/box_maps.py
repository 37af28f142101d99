# SPDX-License-Identifier: Apache-2.0
"""Maps of boxes and points, one plane each, and their maxima by class."""

from __future__ import annotations

import numpy as np


def inside_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels each box touches, bool ``(B, H, W)``; every box touches at least one.

    Args:
        boxes: float ``(B, 4)``: x1, y1, x2, y2, exclusive ends.
        size: ``(H, W)``.
    """
    x1, y1, x2, y2 = boxes.T[..., None]
    rows, columns = np.arange(size[0]), np.arange(size[1])
    in_rows = (rows >= np.floor(y1)) & (rows < np.ceil(y2))
    in_columns = (columns >= np.floor(x1)) & (columns < np.ceil(x2))
    return in_rows[:, :, None] & in_columns[:, None, :]


def gaussians(centres: np.ndarray, sigmas: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return ``exp(-(dx^2 / 2 sx^2 + dy^2 / 2 sy^2))`` at the middle of each pixel.

    Each is divided by its maximum over the image.

    Args:
        centres: float ``(N, 2)``: y, x in pixels.
        sigmas: float ``(N, 2)``: along y and x, above 0.
        size: ``(H, W)``.

    Returns:
        float32 ``(N, H, W)`` in [0, 1].
    """

    def profile(axis: int) -> np.ndarray:
        distance = (np.arange(size[axis]) + 0.5 - centres[:, axis, None]) / sigmas[:, axis, None]
        power = distance**2 / 2
        # divided before the exponential, which may be 0 everywhere
        return np.exp(power.min(axis=1, keepdims=True) - power).astype(np.float32)

    return profile(0)[:, :, None] * profile(1)[:, None, :]


def cones(centres: np.ndarray, radii: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return ``max(0, 1 - distance / radius)`` at the middle of each pixel.

    Args:
        centres: float ``(N, 2)``: y, x in pixels.
        radii: float ``(N,)`` in pixels, above 0.
        size: ``(H, W)``.

    Returns:
        float32 ``(N, H, W)`` in [0, 1].
    """
    y = np.arange(size[0]) + 0.5 - centres[:, :1]
    x = np.arange(size[1]) + 0.5 - centres[:, 1:]
    distance = np.sqrt(y[:, :, None] ** 2 + x[:, None, :] ** 2)
    return np.maximum(1 - distance / radii[:, None, None], 0).astype(np.float32)


def maximum_by_class(planes: np.ndarray, classes: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the pixel-wise maximum over the planes of each class; 0 for a class without any.

    Args:
        planes: ``(N, H, W)``, at least 0.
        classes: ``(N,)``, each of them among ``keys``.
        keys: ``(K',)``, strictly increasing.

    Returns:
        Of the type of ``planes``, ``(K', H, W)``.
    """
    merged = np.zeros((len(keys), *planes.shape[1:]), planes.dtype)
    if len(planes):
        order = np.argsort(classes, kind='stable')
        found, starts = np.unique(classes[order], return_index=True)
        merged[np.searchsorted(keys, found)] = np.maximum.reduceat(planes[order], starts, axis=0)
    return merged
