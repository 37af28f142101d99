# SPDX-License-Identifier: Apache-2.0
"""The head of DeepLab V2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from ...checks import check_integers
from ...registry import MODELS


@MODELS.register_module()
class ASPPV2Head(BaseDecodeHead):
    """Sum of dilated 3x3 convolutions that classify.

    L.-C. Chen et al., "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous
    Convolution, and Fully Connected CRFs", TPAMI 2018, ASPP-L on ResNet-101. mmseg's ``ASPPHead``
    is that of DeepLab V3. Weights start from N(0, 0.01), biases from 0.

    Args:
        in_channels: Of the level taken.
        dilations: One for each convolution.
        dropout_ratio: Of channels before them.
        **kwargs: As in mmseg's heads: ``num_classes``, ``loss_decode`` and so on.

    Raises:
        ConfigError: If ``dilations`` are no integers of at least 1.

    Example:
        >>> import torch
        >>> head = ASPPV2Head(16, num_classes=3)
        >>> head([torch.zeros(1, 16, 7, 9)]).shape
        torch.Size([1, 3, 7, 9])
    """

    def __init__(
        self,
        in_channels: int,
        dilations: Sequence[int] = (6, 12, 18, 24),
        dropout_ratio: float = 0,
        **kwargs: Any,
    ):
        dilations = check_integers(dilations, 'ASPPV2Head.dilations', 1)
        super().__init__(in_channels, in_channels, dropout_ratio=dropout_ratio, **kwargs)
        self.conv_seg = _Sum(
            nn.Conv2d(in_channels, self.out_channels, 3, padding=d, dilation=d) for d in dilations
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return scores ``(N, num_classes, h, w)`` of the level taken from ``inputs``."""
        return self.cls_seg(self._transform_inputs(inputs))


class _Sum(nn.ModuleList):
    """The sum of what its modules give."""

    def forward(self, x: Tensor) -> Tensor:
        return sum(module(x) for module in self)
