# SPDX-License-Identifier: Apache-2.0
"""The network of class-agnostic activation maps."""

from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops.output_stride import set_output_stride
from ..levels import Levels
from .logit_norm import LogitNorm


class Disentangler(BaseModule):
    """A backbone and a convolution that tells foreground from background.

    Args:
        backbone: Config of a backbone with several ``out_indices``.
        in_channels: Of each level that the backbone gives.
        output_stride: See :func:`wsss.ops.output_stride.set_output_stride`; None leaves it alone.
    """

    def __init__(self, backbone: dict, in_channels: tuple[int, ...], output_stride: int | None):
        super().__init__()
        # cosines of features with both signs would be negative
        self.levels = Levels(backbone, [nn.ReLU() for _ in in_channels])
        if output_stride is not None:
            set_output_stride(self.levels.backbone, output_stride)
        self.head = nn.Conv2d(sum(in_channels), 1, 3, padding=1, bias=False)
        self.norm = LogitNorm()

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(N, 1, h, w)`` and features ``(N, C, h, w)``, which are not negative."""
        features = self.levels(images)
        return self.norm(self.head(features)), features
