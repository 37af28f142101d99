# SPDX-License-Identifier: Apache-2.0
"""A stack of convolutions that learns from scratch in a minute."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS


@MODELS.register_module()
class PlainConvNet(BaseModule):
    """Stages of 3x3 convolutions with batch norm and ReLU, without shortcuts.

    For small generated images and tests: it trains from scratch on a CPU several times faster than
    the smallest residual network. Use a pretrained backbone of mmpretrain for photographs.

    Args:
        channels: Of each stage.
        num_convs: Convolutions of each stage.
        strides: Of the first convolution of each stage.
        out_indices: Stages that are returned.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If the lists differ in length or an index is out of range.

    Example:
        >>> import torch
        >>> [tuple(f.shape) for f in PlainConvNet(out_indices=(0, 3))(torch.zeros(1, 3, 64, 64))]
        [(1, 16, 32, 32), (1, 128, 8, 8)]
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 64, 128),
        num_convs: Sequence[int] = (2, 2, 2, 1),
        strides: Sequence[int] = (2, 2, 2, 1),
        out_indices: Sequence[int] = (3,),
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        if not len(channels) == len(num_convs) == len(strides):
            raise ConfigError(
                'PlainConvNet: channels, num_convs and strides must be of one length, got '
                f'{channels}, {num_convs}, {strides}'
            )
        if not all(0 <= index < len(channels) for index in out_indices):
            raise ConfigError(
                f'PlainConvNet.out_indices must be in 0..{len(channels) - 1}, got {out_indices}'
            )
        self.out_indices = tuple(out_indices)
        before = 3
        self.stages = nn.ModuleList()
        for width, count, stride in zip(channels, num_convs, strides):
            layers: list[nn.Module] = []
            for i in range(count):
                step = stride if i == 0 else 1
                layers += [
                    nn.Conv2d(before, width, 3, step, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(inplace=True),
                ]
                before = width
            self.stages.append(nn.Sequential(*layers))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the chosen stages of images ``(N, 3, H, W)``."""
        features, chosen = images, []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in self.out_indices:
                chosen.append(features)
        return tuple(chosen)
