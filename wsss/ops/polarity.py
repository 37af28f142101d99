# SPDX-License-Identifier: Apache-2.0
"""Which side of a map without classes is the object.

The losses of class-agnostic maps are the same for a map and its negative; these figures tell them
apart. Each is positive, or for :func:`frame_mean` below 0.5, where the map is the right way round.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def frame_mean(foreground: Tensor) -> Tensor:
    """Return the mean over the frame of each map, a seventh of its sides wide.

    The released code takes 4 cells of 28.

    Args:
        foreground: float ``(N, h, w)``.

    Returns:
        float ``(N,)``.
    """
    height, width = foreground.shape[1:]
    top, left = max(1, round(height / 7)), max(1, round(width / 7))
    inside = foreground[:, top : height - top, left : width - left]
    cells = height * width - inside[0].numel()
    return (foreground.sum(dim=(1, 2)) - inside.sum(dim=(1, 2))) / cells


def center_excess(foreground: Tensor) -> Tensor:
    """Return by how much the middle half of each map ``(N, h, w)`` exceeds its mean, ``(N,)``."""
    height, width = foreground.shape[1:]
    y, x = height // 4, width // 4
    middle = foreground[:, y : height - y, x : width - x]
    return middle.mean(dim=(1, 2)) - foreground.mean(dim=(1, 2))


def correlation(foreground: Tensor, maps: Tensor) -> Tensor:
    """Return the correlation of two maps over their cells, 0 where one of them is flat.

    Args:
        foreground: float ``(N, h, w)``.
        maps: float ``(N, h, w)``.

    Returns:
        float ``(N,)`` in [-1, 1].
    """
    one = foreground.flatten(1) - foreground.mean(dim=(1, 2))[:, None]
    two = maps.flatten(1) - maps.mean(dim=(1, 2))[:, None]
    return F.cosine_similarity(one, two, dim=1)
