# SPDX-License-Identifier: Apache-2.0
"""AffinityNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.model import kaiming_init, xavier_init
from torch import Tensor, nn

from ...checks import check_integers
from ...errors import ConfigError
from ...ops.pairs import Offset, pair_distances
from ...registry import MODELS
from ..levels import Levels
from .walk_model import WalkModel


@MODELS.register_module()
class AffinityNet(WalkModel):
    """Affinities of near cells, ``exp(-mean_c |f_i(c) - f_j(c)|)`` of learnt features.

    J. Ahn, S. Kwak, "Learning Pixel-Level Semantic Affinity with Image-Level Supervision for Weakly
    Supervised Semantic Segmentation", CVPR 2018. Levels of a backbone are reduced by 1x1
    convolutions, brought to one grid, concatenated and mixed by another one.

    Unlike the released code, pairs at the border count, and cells take the label of most of
    their pixels; images are padded to whole cells, but cells average only the scores of their own
    pixels.

    Args:
        backbone: Config of a backbone with several ``out_indices``; types without a prefix are
            mmpretrain's.
        in_channels: Of each level that the backbone gives.
        channels: That each level is reduced to.
        stride: Of the grid, which is that of the first level; later levels are interpolated.
        radius: See :class:`WalkModel`, as all that follow.
        **kwargs: As in :class:`WalkModel`.

    Raises:
        ConfigError: If levels and channels do not fit each other.

    Example:
        >>> model = AffinityNet(
        ...     backbone=dict(type='ResNet', depth=18, out_indices=(1, 2, 3)),
        ...     in_channels=(128, 256, 512), channels=(16, 16, 16))
        >>> maps = ScoreMaps(torch.tensor([2]), torch.rand(1, 6, 8), size=(48, 61))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> image = torch.zeros(3, 48, 61, dtype=torch.uint8)
        >>> model.test_step(dict(inputs=[image], data_samples=[sample]))[0].score_maps.scores.shape
        torch.Size([1, 48, 61])
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: Sequence[int],
        channels: Sequence[int] = (64, 128, 256),
        stride: int = 8,
        radius: int = 5,
        **kwargs: Any,
    ):
        super().__init__(stride=stride, radius=radius, **kwargs)
        in_channels = check_integers(in_channels, 'AffinityNet.in_channels', 1)
        channels = check_integers(channels, 'AffinityNet.channels', 1)
        if len(in_channels) != len(channels):
            raise ConfigError(
                f'AffinityNet.in_channels {in_channels} and channels {channels} must have one '
                'number for each level of the backbone.'
            )
        reduce = [
            nn.Sequential(nn.Conv2d(given, kept, 1, bias=False), nn.ELU())
            for given, kept in zip(in_channels, channels)
        ]
        self.levels = Levels(backbone, reduce)
        self.mix = nn.Conv2d(sum(channels), sum(channels), 1, bias=False)

    def init_weights(self) -> None:
        """Initialise the backbone as its config says, the convolutions as published."""
        super().init_weights()
        for reduce in self.levels.reduce:
            kaiming_init(reduce[0])
        xavier_init(self.mix, gain=4)

    def features(self, images: Tensor) -> Tensor:
        """Return ``(N, sum(channels), H / stride, W / stride)``."""
        return F.elu(self.mix(self.levels(images)))

    def look(self, images: Tensor, offsets: list[Offset]) -> tuple[Tensor, None]:
        """Return the mean absolute difference of the features of each pair."""
        return pair_distances(self.features(images).float(), offsets), None
