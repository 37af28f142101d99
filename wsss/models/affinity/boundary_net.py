# SPDX-License-Identifier: Apache-2.0
"""The boundary branch of IRNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...checks import check_integer, check_integers
from ...errors import ConfigError
from ...ops.affinity_loss import EPS
from ...ops.pairs import Offset
from ...ops.paths import path_maximum
from ...registry import MODELS
from ..levels import Levels
from .walk_model import WalkModel


@MODELS.register_module()
class BoundaryNet(WalkModel):
    """Affinities of near cells, ``1 - max`` of a learnt boundary on the way between them.

    J. Ahn, S. Cho, S. Kwak, "Weakly Supervised Learning of Instance Segmentation with Inter-Pixel
    Relations", CVPR 2019, section 4. The boundary is learnt from nothing but labels of pairs.
    Scores on a boundary do not walk: they are multiplied by ``1 - B``. Classes walk alone and a
    threshold decides background. The displacement field of the paper tells instances apart and has
    no part in the walk; it is left out.

    Args:
        backbone: Config of a backbone with several ``out_indices``, the first at ``stride``; types
            without a prefix are mmpretrain's. The paper keeps it fixed.
        in_channels: Of each level that the backbone gives.
        channels: That each level is reduced to, a multiple of 4.
        stride: Of the grid.
        radius: Of the pairs that are trained; see :class:`WalkModel`, as all that follow.
        walk_radius: Of the pairs that are walked along.
        power: Of affinities before they are made transition probabilities.
        bg_power: None lets the classes walk alone.
        **kwargs: As in :class:`WalkModel`.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> model = BoundaryNet(
        ...     backbone=dict(type='ResNet', depth=18, out_indices=(0, 1)), in_channels=(64, 128))
        >>> model = model.eval()
        >>> maps = ScoreMaps(torch.tensor([2]), torch.rand(1, 6, 8), size=(24, 30))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> image = torch.zeros(3, 24, 30, dtype=torch.uint8)
        >>> model.test_step(dict(inputs=[image], data_samples=[sample]))[0].score_maps.scores.shape
        torch.Size([1, 24, 30])
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: Sequence[int],
        channels: int = 32,
        stride: int = 4,
        radius: int = 10,
        walk_radius: int = 5,
        power: float = 10,
        bg_power: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            stride=stride,
            radius=radius,
            walk_radius=walk_radius,
            power=power,
            bg_power=bg_power,
            **kwargs,
        )
        in_channels = check_integers(in_channels, 'BoundaryNet.in_channels', 1)
        if check_integer(channels, 'BoundaryNet.channels', 1) % 4:
            raise ConfigError(f'BoundaryNet.channels must be a multiple of 4, got {channels!r}.')
        reduce = [
            nn.Sequential(
                nn.Conv2d(given, channels, 1, bias=False), nn.GroupNorm(4, channels), nn.ReLU()
            )
            for given in in_channels
        ]
        self.levels = Levels(backbone, reduce)
        self.boundary = nn.Conv2d(channels * len(in_channels), 1, 1)

    def boundaries(self, images: Tensor) -> Tensor:
        """Return B in [0, 1], ``(N, H / stride, W / stride)``."""
        return torch.sigmoid(self.boundary(self.levels(images)))[:, 0]

    def look(self, images: Tensor, offsets: list[Offset]) -> tuple[Tensor, Tensor]:
        """Return ``-log(1 - max B)`` of the way of each pair, and ``1 - B``."""
        boundaries = self.boundaries(images).float()
        affinities = 1 - path_maximum(boundaries, offsets)
        return -torch.log(affinities.clamp(min=EPS)), 1 - boundaries
