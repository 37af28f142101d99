# SPDX-License-Identifier: Apache-2.0
"""A U-Net of one level."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...checks import check_integer
from ...errors import DataError
from ...registry import MODELS


@MODELS.register_module()
class SimpleUNet(BaseModule):
    """Two convolutions, one at half the size, two more on both together; ReLU, no norms.

    The network of a student project (shaun11235/Weakly-supervised-neural-networks-for-segmentation)
    with 64,642 parameters together with a 1x1 head of two labels, a small fraction of a usual
    U-Net (Ronneberger et al., MICCAI 2015). Nothing follows the transposed convolution, which
    mmsegmentation's ``UNet`` cannot express.

    Args:
        channels: At full size; twice as many at half of it.
        init_cfg: As in mmengine; the default is PyTorch's own initialisation.

    Raises:
        ConfigError: If ``channels`` is not a positive number.

    Example:
        >>> net = SimpleUNet()
        >>> net(torch.zeros(1, 3, 8, 12))[0].shape, sum(p.numel() for p in net.parameters())
        (torch.Size([1, 32, 8, 12]), 64576)
    """

    def __init__(self, channels: int = 32, init_cfg: dict | None = None):
        super().__init__(init_cfg)
        check_integer(channels, 'SimpleUNet.channels', 1)

        def conv(before: int, after: int) -> nn.Conv2d:
            return nn.Conv2d(before, after, 3, padding=1)

        self.encoder = nn.ModuleList([conv(3, channels), conv(channels, channels)])
        self.bottom = conv(channels, 2 * channels)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.decoder = nn.ModuleList([conv(2 * channels, channels), conv(channels, channels)])

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Return features ``(N, channels, H, W)`` of images ``(N, 3, H, W)``.

        Raises:
            DataError: If a side is odd.
        """
        if images.shape[-2] % 2 or images.shape[-1] % 2:
            raise DataError(
                f'SimpleUNet halves its images: {tuple(images.shape[-2:])} must be even. Set '
                'size_divisor=2 of model.data_preprocessor, and of its test_cfg.'
            )
        features = images
        for layer in self.encoder:
            features = F.relu(layer(features))
        below = F.relu(self.bottom(F.max_pool2d(features, 2)))
        features = torch.cat([self.up(below), features], 1)
        for layer in self.decoder:
            features = F.relu(layer(features))
        return (features,)
