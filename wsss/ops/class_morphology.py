# SPDX-License-Identifier: Apache-2.0
"""Opening and closing of the masks of several classes."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from .background import best_plane


def disk(radius: int) -> np.ndarray:
    """Return the pixels no further than ``radius`` from the middle, uint8 ``(2r + 1, 2r + 1)``."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return (y**2 + x**2 <= radius**2).astype(np.uint8)


def smooth_classes(planes: Tensor, radius: int) -> Tensor:
    """Open and close the mask of each class, then decide where masks overlap.

    A pixel in several masks goes to the class with the largest score there, a pixel in none to the
    background; where all scores are 0 and no mask reaches, it stays nobody's.

    Args:
        planes: float ``(1 + K', H, W)`` in [0, 1], background first.
        radius: Of the disk in pixels; 0 leaves the masks as they are.

    Returns:
        The same shape and dtype; 1 for the label of a pixel, 0 for the others.
    """
    label, score = best_plane(planes)
    label = label.masked_fill(score <= 0, -1)
    classes = torch.arange(1, len(planes))
    masks = np.ascontiguousarray((label[..., None] == classes).numpy().astype(np.uint8))
    for operation in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE):  # channels do not mix
        masks = cv2.morphologyEx(masks, operation, disk(radius)).reshape(masks.shape)
    masks = torch.from_numpy(masks).permute(2, 0, 1).bool()
    best = planes[1:].masked_fill(~masks, -1).argmax(dim=0)
    covered = masks.any(dim=0)
    result = torch.zeros_like(planes)
    result[1:].scatter_(0, best[None], covered[None].to(planes.dtype))
    result[0] = (~covered & (label >= 0)).to(planes.dtype)
    return result


def smooth_levels(planes: Tensor, radius: int) -> Tensor:
    """Open and close the label map as a picture of grey values, background the darkest.

    It is what opening and closing the masks of "at least this level" gives. Where all scores are 0
    and no level reaches, a pixel stays nobody's.

    Args:
        planes: As of :func:`smooth_classes`, in the order of the levels.
        radius: Of the disk in pixels.

    Returns:
        The same shape and dtype; 1 for the label of a pixel, 0 for the others.
    """
    label, score = best_plane(planes)
    levels = label.masked_fill(score <= 0, 0).numpy().astype(np.uint8)
    for operation in (cv2.MORPH_OPEN, cv2.MORPH_CLOSE):
        levels = cv2.morphologyEx(levels, operation, disk(radius))
    found = torch.from_numpy(levels).long()
    nobody = (score <= 0) & (found == 0)
    return torch.zeros_like(planes).scatter_(0, found[None], (~nobody)[None].to(planes.dtype))
