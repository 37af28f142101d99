# SPDX-License-Identifier: Apache-2.0
"""The head of DeepLab V1 with a large field of view, as on ResNet-38."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from ...checks import check_integer
from ...registry import MODELS


@MODELS.register_module()
class LargeFOVHead(BaseDecodeHead):
    """Two dilated 3x3 convolutions, the second of which classifies.

    L.-C. Chen et al., "Semantic Image Segmentation with Deep Convolutional Nets and Fully Connected
    CRFs", ICLR 2015 (LargeFOV), in the form in which PSA (Ahn and Kwak, CVPR 2018) and its
    successors have it on ResNet-38: no 1x1 layer in between, no norms, uniform Xavier
    initialisation.

    Args:
        in_channels: Of the level taken.
        channels: Between the two convolutions.
        dilation: Of both.
        dropout_ratio: Of channels before the second.
        **kwargs: As in mmseg's heads: ``num_classes``, ``loss_decode`` and so on.

    Raises:
        ConfigError: If ``dilation`` is no integer of at least 1.

    Example:
        >>> import torch
        >>> head = LargeFOVHead(16, 8, num_classes=3)
        >>> head([torch.zeros(1, 16, 7, 9)]).shape
        torch.Size([1, 3, 7, 9])
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 512,
        dilation: int = 12,
        dropout_ratio: float = 0,
        **kwargs: Any,
    ):
        dilation = check_integer(dilation, 'LargeFOVHead.dilation', 1)
        kwargs.setdefault('init_cfg', dict(type='Xavier', layer='Conv2d', distribution='uniform'))
        super().__init__(in_channels, channels, dropout_ratio=dropout_ratio, **kwargs)
        wide = dict(kernel_size=3, padding=dilation, dilation=dilation)
        self.conv = nn.Conv2d(in_channels, channels, **wide)
        self.conv_seg = nn.Conv2d(channels, self.out_channels, **wide)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return scores ``(N, num_classes, h, w)`` of the level taken from ``inputs``."""
        return self.cls_seg(F.relu(self.conv(self._transform_inputs(inputs))))
