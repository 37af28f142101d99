# SPDX-License-Identifier: Apache-2.0
"""A multi-label head that knows a background."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmpretrain.models import MultiLabelLinearClsHead
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class EPSHead(MultiLabelLinearClsHead):
    """mmpretrain's multi-label linear head, without bias and with a further map: the background.

    The classifier of EPS (S. Lee et al., "Railroad is not a Train", CVPR 2021) has a map for each
    class and one for the background, which :class:`wsss.models.EPSLoss` teaches; image labels teach
    only those of the classes. Predictions are of the classes, and so are the maps of
    :class:`wsss.cams.CAM`; :class:`wsss.cams.SoftmaxCAM` lets the background compete.

    Args:
        num_classes: ``K``, without background.
        in_channels: Of the pooled features.
        **kwargs: As in the base: ``loss``, which becomes the mean over the classes (mmpretrain
            takes their sum), ``thr``, ``topk``, ``init_cfg``.

    Example:
        >>> head = EPSHead(num_classes=2, in_channels=8)
        >>> head((torch.rand(3, 8),)).shape, head.maps(torch.rand(3, 8, 4, 5)).shape
        (torch.Size([3, 2]), torch.Size([3, 3, 4, 5]))
    """

    def __init__(self, num_classes: int, in_channels: int, **kwargs: Any):
        super().__init__(num_classes, in_channels, **kwargs)
        # maps of the classes are made of the last linear layer
        del self.fc
        self.background_fc = nn.Linear(in_channels, 1, bias=False)
        self.fc = nn.Linear(in_channels, num_classes, bias=False)

    def maps(self, features: Tensor) -> Tensor:
        """Return the logits of each cell, float ``(N, K+1, h, w)``, background first.

        Args:
            features: float ``(N, C, h, w)`` before averaging.
        """
        weight = torch.cat([self.background_fc.weight, self.fc.weight])
        return F.conv2d(features, weight[:, :, None, None])

    def _get_loss(self, cls_score: Tensor, data_samples: list, **kwargs: Any) -> dict:
        """Return ``loss``, of the classes alone; arguments as in the base."""
        losses = super()._get_loss(cls_score, data_samples, **kwargs)
        return {name: term / self.num_classes for name, term in losses.items()}
