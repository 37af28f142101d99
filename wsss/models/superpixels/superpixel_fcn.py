# SPDX-License-Identifier: Apache-2.0
"""The network of SpixelFCN."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS

SLOPE = 0.1
CELLS = (8, 16, 32)
_INIT = dict(
    type='Kaiming',
    layer=['Conv2d', 'ConvTranspose2d'],
    a=SLOPE,
    mode='fan_in',
    nonlinearity='leaky_relu',
    distribution='normal',
)


@MODELS.register_module()
class SuperpixelFCN(BaseModule):
    """A U-Net that says to which of the nine superpixels around it each pixel belongs.

    F. Yang, Q. Sun, H. Jin, Z. Zhou, "Superpixel Segmentation with Fully Convolutional Networks",
    CVPR 2020. Layers have the names of the released code, so its checkpoints are read as they are,
    without the three side heads that they hold and nothing uses. 2,269,785 parameters. Give the
    logits to :func:`wsss.ops.association.associate`.

    Args:
        cell: Side of a superpixel in pixels: 16, of the released weights, 8 or 32; a level of the
            network more or less.
        init_cfg: ``dict(type='Pretrained', checkpoint=FILE)`` for released weights; by default
            Kaiming's normal distribution and biases of 0.

    Raises:
        ConfigError: If ``cell`` is something else.

    Example:
        >>> SuperpixelFCN().eval()(torch.zeros(1, 3, 32, 48)).shape
        torch.Size([1, 9, 32, 48])
    """

    def __init__(self, cell: int = 16, init_cfg: dict | list | None = None):
        super().__init__(init_cfg=init_cfg or dict(_INIT))
        if cell not in CELLS:
            raise ConfigError(f'SuperpixelFCN.cell must be one of 8, 16 and 32, got {cell!r}.')
        self.cell = cell
        self.depth = cell.bit_length() - 1
        before = 3
        for level in range(self.depth + 1):
            channels = 16 << level
            setattr(self, f'conv{level}a', _conv(before, channels, 2 if level else 1))
            setattr(self, f'conv{level}b', _conv(channels, channels))
            before = channels
        for level in reversed(range(self.depth)):
            channels = 16 << level
            setattr(self, f'deconv{level}', _deconv(2 * channels, channels))
            setattr(self, f'conv{level}_1', _conv(2 * channels, channels))
        self.pred_mask0 = nn.Conv2d(16, 9, 3, padding=1)
        self.register_load_state_dict_pre_hook(_drop_side_heads)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of the superpixels, row by row around each pixel's own.

        Args:
            images: float ``(N, 3, H, W)``, normalised; sides are multiples of ``cell``.

        Returns:
            float ``(N, 9, H, W)``.

        Raises:
            ValueError: If the sides are something else.
        """
        if images.shape[-2] % self.cell or images.shape[-1] % self.cell:
            raise ValueError(
                f'images must have sides that are multiples of {self.cell}, got '
                f'{tuple(images.shape[-2:])}. Pad them to whole cells.'
            )
        levels, features = [], images
        for level in range(self.depth + 1):
            features = self._layer(f'conv{level}b', self._layer(f'conv{level}a', features))
            levels.append(features)
        features = levels.pop()
        for level in reversed(range(self.depth)):
            finer = self._layer(f'deconv{level}', features)
            features = self._layer(f'conv{level}_1', torch.cat([levels.pop(), finer], 1))
        return self.pred_mask0(features)

    def _layer(self, name: str, features: Tensor) -> Tensor:
        return getattr(self, name)(features)


def _conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(SLOPE),
    )


def _deconv(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE))


def _drop_side_heads(module: nn.Module, weights: dict, prefix: str, *_: Any) -> None:
    """Take the heads of coarser levels out of weights that are about to be loaded."""
    heads = tuple(f'{prefix}pred_mask{level}.' for level in (1, 2, 3))
    for key in [key for key in weights if key.startswith(heads)]:
        del weights[key]
