# SPDX-License-Identifier: Apache-2.0
"""What a classifier says of each cell while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError


def training_maps(head: nn.Module, features: Tensor) -> Tensor:
    """Return the logits of all classes at each cell; their mean is the logit of the image.

    Args:
        head: With a linear layer ``fc`` on averaged features.
        features: float ``(N, C, h, w)`` before averaging.

    Returns:
        float ``(N, K, h, w)``.

    Raises:
        ConfigError: If the head has no such layer.
    """
    fc = getattr(head, 'fc', None)
    if not isinstance(fc, nn.Linear) or features.ndim != 4 or fc.in_features != features.shape[1]:
        raise ConfigError(
            'model.map_losses needs a head with a linear layer fc on the averaged last feature map '
            f'{tuple(features.shape)}, and {type(head).__name__} has {fc}. Use LinearClsHead or '
            'MultiLabelLinearClsHead after GlobalAveragePooling, or remove map_losses.'
        )
    return F.conv2d(features, fc.weight[:, :, None, None], fc.bias)


def on_cells(channels: Tensor, size: Sequence[int]) -> tuple[Tensor | None, Tensor | None]:
    """Return validity and saliency of the cells of maps, None for what images do not bring.

    Args:
        channels: float ``(N, 0..2, H, W)`` in [0, 1]: validity, saliency. What is padded has none.
        size: ``(h, w)`` of the maps.

    Returns:
        The share of each cell that shows an image, and the mean saliency of that share, float
        ``(N, 1, h, w)`` in [0, 1].
    """
    valid, saliency = None, None
    if channels.shape[1]:
        cells = F.adaptive_avg_pool2d(channels, size)
        valid = cells[:, :1]
        if cells.shape[1] == 2:
            saliency = (cells[:, 1:] / valid.clamp(min=1e-6)).clamp(max=1)
    return valid, saliency


def soft_labels(samples: Sequence[Any], classes: int, like: Tensor) -> Tensor:
    """Return the labels of images, mixed where a batch augment has mixed them.

    Args:
        samples: With ``gt_score`` or ``gt_label``.
        classes: Only so many; further scores are of other heads.
        like: Gives device and type.

    Returns:
        float ``(N, classes)`` in [0, 1].
    """
    if 'gt_score' in samples[0]:
        return torch.stack([sample.gt_score for sample in samples])[:, :classes].to(like)
    labels = like.new_zeros(len(samples), classes)
    for row, sample in zip(labels, samples):
        row[sample.gt_label.to(row.device)] = 1
    return labels
