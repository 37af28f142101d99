# SPDX-License-Identifier: Apache-2.0
"""Colours in which equal distances look about equally far apart."""

from __future__ import annotations

import torch
from torch import Tensor

# linear sRGB -> XYZ, and the white of D65 at 2 degrees
_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169),
        (0.019334, 0.119193, 0.950227))  # fmt: skip
_WHITE = (0.95047, 1.0, 1.08883)
_LINEAR = 0.008856


def rgb_to_lab(images: Tensor) -> Tensor:
    """Return CIE Lab of sRGB images (CIE 1976, D65).

    Args:
        images: float ``(N, 3, H, W)`` in [0, 1].

    Returns:
        float ``(N, 3, H, W)``: L in [0, 100], a and b about in [-110, 100].

    Example:
        >>> rgb_to_lab(torch.ones(1, 3, 1, 1)).flatten().round().abs()
        tensor([100.,   0.,   0.])
    """
    linear = torch.where(images > 0.04045, ((images + 0.055) / 1.055) ** 2.4, images / 12.92)
    table = linear.new_tensor(_XYZ) / linear.new_tensor(_WHITE)[:, None]
    with torch.autocast(images.device.type, enabled=False):
        xyz = torch.einsum('nchw,kc->nkhw', linear, table)
    curved = torch.where(xyz > _LINEAR, xyz.clamp(min=0) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = curved.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)
