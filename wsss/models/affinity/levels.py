# SPDX-License-Identifier: Apache-2.0
"""Several levels of a backbone on one grid."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from ...errors import ConfigError


class Levels(BaseModule):
    """A backbone, a small module for each level it gives, and their outputs concatenated.

    Args:
        backbone: Config of a backbone with several ``out_indices``; types without a prefix are
            mmpretrain's.
        reduce: What each level is sent through.
    """

    def __init__(self, backbone: dict, reduce: Sequence[nn.Module]):
        super().__init__()
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.backbone = MMENGINE_MODELS.build(backbone)
        self.reduce = nn.ModuleList(reduce)

    def forward(self, images: Tensor) -> Tensor:
        """Return ``(N, channels, h, w)`` on the grid of the first level.

        Raises:
            ConfigError: If the backbone gives another number of levels.
        """
        levels = self.backbone(images)
        if len(levels) != len(self.reduce):
            raise ConfigError(
                f'model.backbone gives {len(levels)} levels, model.in_channels names '
                f'{len(self.reduce)}. Set out_indices of the backbone.'
            )
        reduced = [reduce(level) for reduce, level in zip(self.reduce, levels)]
        size = reduced[0].shape[-2:]
        return torch.cat([on_grid(level, size) for level in reduced], dim=1)


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
