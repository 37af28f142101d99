# SPDX-License-Identifier: Apache-2.0
"""The decoder of U-Net on the levels of any backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.backbones.unet import BasicConvBlock
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from ...checks import check_integers
from ...errors import ConfigError
from ...ops.cells import on_grid
from ...registry import MODELS


@MODELS.register_module()
class UNetHead(BaseDecodeHead):
    """Go from the coarsest level to finer ones, with two convolutions at each.

    O. Ronneberger, P. Fischer, T. Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation", MICCAI 2015, figure 1. There the encoder is part of the network; here it is a
    backbone with weights, as in the common U-Net on ResNet-34. Each block interpolates
    (bilinear, in place of transposed convolutions) to the next finer level, concatenates it, and
    applies two 3x3 convolutions with padding. Blocks beyond the finest level double the size alone.

    A level of ``(h, w)`` cells is taken to cover what follows it at exactly twice the size; what is
    over is cut, not squeezed, so images of any size keep their borders in place. Only the last step
    of mmseg stretches the scores of whole cells to the image: ``size_divisor`` of the data
    preprocessor leaves nothing to stretch.

    Args:
        in_channels: Of each level taken, from fine to coarse.
        channels: Of each block, from coarse to fine: as many as levels less one for scores at the
            stride of the finest level, one more for each doubling after that.
        in_index: Which of the backbone's levels they are; None takes the first ones in order.
        **kwargs: As in mmseg's heads: ``num_classes``, ``norm_cfg``, ``loss_decode`` and so on.

    Raises:
        ConfigError: If there are too few ``channels``, or the levels do not go from fine to coarse.

    Example:
        >>> head = UNetHead((8, 16, 32), (16, 8, 4), num_classes=3, norm_cfg=dict(type='BN')).eval()
        >>> levels = [torch.zeros(1, c, s, s) for c, s in ((8, 15), (16, 8), (32, 4))]
        >>> head(levels).shape
        torch.Size([1, 3, 30, 30])
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: Sequence[int],
        in_index: Sequence[int] | None = None,
        **kwargs: Any,
    ):
        in_channels = check_integers(in_channels, 'UNetHead.in_channels', 1)
        channels = check_integers(channels, 'UNetHead.channels', 1)
        if len(channels) < len(in_channels) - 1:
            raise ConfigError(
                f'UNetHead.channels {channels} are those of {len(channels)} blocks, but '
                f'{len(in_channels)} levels (in_channels) need at least {len(in_channels) - 1}.'
            )
        super().__init__(
            in_channels=in_channels,
            channels=channels[-1],
            in_index=tuple(range(len(in_channels))) if in_index is None else tuple(in_index),
            input_transform='multiple_select',
            **kwargs,
        )
        style = dict(conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        skips = [*in_channels[-2::-1], *[0] * (len(channels) - len(in_channels) + 1)]
        before = (in_channels[-1], *channels[:-1])
        self.blocks = nn.ModuleList(
            BasicConvBlock(coarse + skip, width, num_convs=2, **style)
            for coarse, skip, width in zip(before, skips, channels)
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return scores ``(N, num_classes, h, w)`` of levels ``(N, C, h', w')``, fine to coarse."""
        features, *skips = self._transform_inputs(inputs)[::-1]
        for block, skip in zip(self.blocks, [*skips, *[None] * len(self.blocks)]):
            size = [2 * side for side in features.shape[-2:]] if skip is None else skip.shape[-2:]
            if any(fine < coarse for fine, coarse in zip(size, features.shape[-2:])):
                raise ConfigError(
                    'decode_head.in_index must name levels from fine to coarse, but one of '
                    f'{tuple(features.shape[-2:])} cells comes before one of {tuple(size)}.'
                )
            features = on_grid(features, size)
            if skip is not None:
                features = torch.cat([features, skip], dim=1)
            features = block(features)
        return self.cls_seg(features)
