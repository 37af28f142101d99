# SPDX-License-Identifier: Apache-2.0
"""Several levels of a backbone on one grid."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from ..errors import ConfigError
from ..ops.cells import on_grid


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
