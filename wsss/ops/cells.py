# SPDX-License-Identifier: Apache-2.0
"""Between the pixels of an image and the cells of a network's grid."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def to_cells(maps: Tensor, stride: int) -> Tensor:
    """Average maps over cells; those cut by the border average what they have.

    Args:
        maps: float ``(K, H, W)``.
        stride: Side of a cell in pixels.

    Returns:
        float ``(K, ceil(H / stride), ceil(W / stride))``.
    """
    return F.avg_pool2d(maps[None], stride, ceil_mode=True, count_include_pad=False)[0]


def from_cells(maps: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
    """Interpolate maps of cells to the pixels of an image; the part beyond its border is cut.

    Args:
        maps: float ``(K, h, w)``.
        stride: Side of a cell in pixels.
        size: ``(H, W)`` of the image.

    Returns:
        float ``(K, H, W)``.
    """
    whole = tuple(side * stride for side in maps.shape[1:])
    full = F.interpolate(maps[None], whole, mode='bilinear', align_corners=False)[0]
    return full[:, : size[0], : size[1]]


def pad_to_cells(images: Tensor, stride: int) -> Tensor:
    """Pad images with 0 at the right and bottom to whole cells, ``(N, C, H, W)``."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % stride, 0, -height % stride))


def on_grid(level: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate a level to a finer grid by the ratio of their strides, and cut what is over.

    The coarse grid is of whole cells and may reach beyond the fine one.

    Args:
        level: float ``(N, C, h, w)``.
        size: Of the finer grid; strides are powers of 2.

    Returns:
        float ``(N, C, *size)``.
    """
    ratio = max(-(-fine // coarse) for fine, coarse in zip(size, level.shape[-2:]))
    ratio = 1 << (ratio - 1).bit_length()
    if ratio == 1:
        return level[..., : size[0], : size[1]]
    whole = [ratio * side for side in level.shape[-2:]]
    finer = F.interpolate(level, whole, mode='bilinear', align_corners=False)
    return finer[..., : size[0], : size[1]]
