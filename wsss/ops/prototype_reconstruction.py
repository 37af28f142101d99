# SPDX-License-Identifier: Apache-2.0
"""Features rebuilt from the mean feature of each class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .map_losses import masked_mean
from .normalize import normalize_maps


def reconstruction_loss(
    logits: Tensor,
    features: Tensor,
    labels: Tensor,
    tiles: int = 3,
    least: float = 0.1,
    valid: Tensor | None = None,
) -> Tensor:
    """Return the mean squared distance of features from those rebuilt of classes and background.

    Shares ``P_k`` of the classes are their positive logits, each divided by its maximum in the
    image and multiplied by the label; that of the background is 1 minus the greatest of them. In
    each tile every class has a prototype ``f_k = sum_p P_k F / (sum_p P_k + 1e-5)``, and a cell is
    rebuilt as ``sum_k P_k f_k``: maps do well that follow the borders of the features. Tiles with
    hardly any class, or hardly any background, are left out (loss IPC of MSA, the successor of
    SP-CAM; public code).

    Args:
        logits: float ``(N, K, h, w)``, without background.
        features: float ``(N, D, h, w)``, such as the colours of superpixels, of length 1 in each
            cell; they get no gradient.
        labels: float ``(N, K)`` in [0, 1].
        tiles: So many along each side; where they do not fit, the last are smaller.
        least: A tile counts if both the greatest share of a class and that of the background reach
            this.
        valid: float ``(N, 1, h, w)`` in [0, 1], how much a cell counts; None for all alike.

    Returns:
        A scalar, 0 if no tile counts.

    Example:
        >>> logits = torch.zeros(1, 1, 2, 4)
        >>> logits[..., 2:] = 5
        >>> features = torch.cat([logits > 0, logits <= 0], 1).float()
        >>> round(float(reconstruction_loss(logits, features, torch.ones(1, 1), tiles=1)), 4)
        0.0
    """
    valid = torch.ones_like(logits[:, :1]) if valid is None else valid.to(logits)
    positive = logits.relu() * (valid > 0)
    foreground = normalize_maps(positive) * labels[:, :, None, None].to(logits)
    background = 1 - foreground.amax(1, keepdim=True)
    shares, features, valid = (
        _tiled(part, tiles)
        for part in (torch.cat([background, foreground], 1), features.detach().to(logits), valid)
    )
    counted = shares * valid
    top = (shares * (valid > 0)).amax(2)
    kept = (top[:, 0] >= least) & (top[:, 1:].amax(1) >= least)
    prototypes = (counted @ features.mT) / (counted.sum(2, keepdim=True) + 1e-5)
    rebuilt = prototypes.mT @ shares
    distance = ((rebuilt - features) ** 2).sum(1, keepdim=True)
    return masked_mean(distance, valid * kept[:, None, None])


def _tiled(maps: Tensor, tiles: int) -> Tensor:
    """Return maps ``(N, C, h, w)`` as ``(N tiles^2, C, cells)``, padded with 0."""
    count, channels, height, width = maps.shape
    maps = F.pad(maps, (0, -width % tiles, 0, -height % tiles))
    parts = maps.unflatten(3, (tiles, -1)).unflatten(2, (tiles, -1)).permute(0, 2, 4, 1, 3, 5)
    return parts.reshape(count * tiles**2, channels, -1)
