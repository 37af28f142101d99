# SPDX-License-Identifier: Apache-2.0
"""Kernels that bring the logits of a regular grid to superpixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...checks import check_choice, check_flag, check_integer, check_integers
from ...errors import ConfigError
from ...registry import MODELS

SLOPE = 0.1
PADDING = ('zeros', 'reflect', 'circular')


@MODELS.register_module()
class KernelHead(BaseModule):
    """Says, for each cell, how much of its value belongs to the superpixels around it.

    The association of pixels is encoded at the stride of the features: by a convolution whose taps
    lie a cell apart, so that they see the same place in nine cells, and one of stride 2 for each
    halving. With the features, which are not trained by it, it gives a kernel of nine logits for
    each group of channels: SP-CAM's deconvolution, for the background and for the classes. What is
    done with the kernels: :mod:`wsss.ops.redistribute`.

    Layers are by default those of the public release (commit 800c6d5), 22.7 million weights beside
    the encoder. Its later form, with 0.3 million, is ``reduce=128, hidden=(128,), kernel_size=1``.

    Args:
        in_channels: Of the features.
        cell: Side of a superpixel in pixels, a power of 2: the stride of the features.
        groups: How many kernels each cell has.
        reduce: Features are brought to so many channels by a layer of their own; None leaves them.
        hidden: Channels of the layers before the last.
        kernel_size: Of these layers.
        padding_mode: Of the first convolution of the encoder: ``zeros``, ``reflect``, or
            ``circular``, the release's, which mixes opposite borders of the image.
        last_activation: A leaky ReLU on the kernels' logits, as in the release.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> head = KernelHead(32, cell=4, hidden=(16,))
        >>> head(torch.rand(1, 32, 3, 5), torch.rand(1, 9, 12, 20)).shape
        torch.Size([1, 2, 9, 3, 5])
    """

    def __init__(
        self,
        in_channels: int,
        cell: int = 16,
        groups: int = 2,
        reduce: int | None = None,
        hidden: Sequence[int] = (1024, 256, 128),
        kernel_size: int = 3,
        padding_mode: str = 'zeros',
        last_activation: bool = False,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg=init_cfg)
        self.cell = check_integer(cell, 'KernelHead.cell', 2)
        if cell & (cell - 1):
            raise ConfigError(f'KernelHead.cell must be a power of 2, got {cell}.')
        self.groups = check_integer(groups, 'KernelHead.groups', 1)
        hidden = check_integers(hidden, 'KernelHead.hidden', 1)
        check_choice(padding_mode, 'KernelHead.padding_mode', PADDING)
        self.encoder, width = _encoder(cell, padding_mode)
        self.reduce = None
        if reduce is not None:
            reduce = check_integer(reduce, 'KernelHead.reduce', 1)
            self.reduce = nn.Sequential(nn.Conv2d(in_channels, reduce, 1), nn.LeakyReLU(SLOPE))
        layers: list[nn.Module] = []
        before = width + (reduce or in_channels)
        for after in hidden:
            conv = nn.Conv2d(before, after, kernel_size, padding=kernel_size // 2)
            layers += [conv, nn.LeakyReLU(SLOPE)]
            before = after
        layers.append(nn.Conv2d(before, 9 * groups, 1))
        if check_flag(last_activation, 'KernelHead.last_activation'):
            layers.append(nn.LeakyReLU(SLOPE))
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor, q: Tensor) -> Tensor:
        """Return the logits of the kernels.

        Args:
            features: float ``(N, C, h, w)``.
            q: Association ``(N, 9, h cell, w cell)``.

        Returns:
            float ``(N, groups, 9, h, w)``, offsets row by row.

        Raises:
            ConfigError: If the features are of another stride than the superpixels, or an image is
                too small to be reflected.
        """
        height, width = features.shape[2:]
        if q.shape[2:] != (height * self.cell, width * self.cell):
            raise ConfigError(
                f'model: an image of {tuple(q.shape[2:])} pixels has features of '
                f'{(height, width)}, not one cell for each superpixel of {self.cell} pixels. Set '
                'the output stride of the backbone to the side of a superpixel.'
            )
        if self.encoder[0].padding_mode == 'reflect' and min(height, width) < 2:
            raise ConfigError(
                f"model.kernels.padding_mode='reflect' needs two superpixels of {self.cell} pixels "
                f'along each side, this image has {height} x {width}. Use larger images or views, '
                "or 'zeros'."
            )
        features = features.detach()
        if self.reduce is not None:
            features = self.reduce(features)
        logits = self.layers(torch.cat([features, self.encoder(q)], 1))
        return logits.view(len(q), self.groups, 9, height, width)


def _encoder(cell: int, padding_mode: str) -> tuple[nn.Sequential, int]:
    """Return the encoder of associations and its number of channels."""
    first = nn.Conv2d(9, 32, 3, padding=cell, dilation=cell, bias=False, padding_mode=padding_mode)
    layers: list[nn.Module] = [first, nn.BatchNorm2d(32), nn.ReLU()]
    before = 32
    for level in range(cell.bit_length() - 1):
        after = min(32 << level, 128)
        layers += [
            nn.Conv2d(before, after, 3, 2, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(SLOPE),
        ]
        before = after
    return nn.Sequential(*layers), before
