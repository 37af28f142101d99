# SPDX-License-Identifier: Apache-2.0
"""Saliency as supervision of the cells of class maps."""

from __future__ import annotations

import torch
from torch import Tensor

from .map_losses import masked_mean

ROUTINGS = ('hard', 'soft')


def overlap_ratio(
    probabilities: Tensor, saliency: Tensor, routing: str = 'hard', valid: Tensor | None = None
) -> Tensor:
    """Return which share of each class lies where the image is salient.

    Args:
        probabilities: float ``(N, K, h, w)`` in [0, 1].
        saliency: float ``(N, 1, h, w)`` in [0, 1].
        routing: ``hard``: a cell is of a class, or salient, above 0.5; ``soft``: by its value.
        valid: float ``(N, 1, h, w)`` in [0, 1], how much a cell counts; None for all alike.

    Returns:
        float ``(N, K)`` in [0, 1], 0 for a class of no cell.
    """
    if routing == 'hard':
        probabilities = (probabilities > 0.5).to(probabilities)
        saliency = (saliency > 0.5).to(probabilities)
    if valid is not None:
        probabilities = probabilities * valid
    inside = (probabilities * saliency).sum(dim=(2, 3))
    return inside / (probabilities.sum(dim=(2, 3)) + 1e-4)


def eps_loss(
    logits: Tensor,
    saliency: Tensor,
    labels: Tensor,
    tau: float = 0.4,
    lam: float = 0.5,
    routing: str = 'hard',
    valid: Tensor | None = None,
) -> Tensor:
    """Return the mean squared error of the saliency that the maps of classes stand for.

    With ``p`` the softmax of the logits at each cell, ``fg`` the sum of ``p`` over the classes of
    the image that overlap with the saliency by more than ``tau`` (:func:`overlap_ratio`), and
    ``bg`` that of the background and of the other classes of the image, it compares ``lam fg +
    (1 - lam) (1 - bg)`` (S. Lee et al., "Railroad is not a Train", CVPR 2021, eq. 2 to 5). Classes
    that are not in the image are in neither sum; in an image without classes ``fg`` is 0.

    Args:
        logits: float ``(N, K+1, h, w)``, background first.
        saliency: float ``(N, 1, h, w)`` in [0, 1].
        labels: float ``(N, K)``, above 0 for the classes of the image.
        tau: Least overlap of a class that belongs to the foreground.
        lam: Weight of ``fg``, in [0, 1].
        routing: ``hard`` or ``soft``, see :func:`overlap_ratio`.
        valid: float ``(N, 1, h, w)`` in [0, 1], how much a cell counts; None for all alike.

    Returns:
        A scalar in [0, 1]; 0 if no cell counts.

    Example:
        >>> logits = torch.tensor([[[[2.0, 0.0]], [[0.0, 3.0]], [[0.0, 0.0]]]])
        >>> saliency = torch.tensor([[[[0.0, 1.0]]]])
        >>> round(float(eps_loss(logits, saliency, torch.ones(1, 2))), 7)
        0.0097722
    """
    probabilities = logits.softmax(1)
    own = probabilities[:, 1:]
    overlaps = overlap_ratio(own.detach(), saliency, routing, valid) > tau
    present = labels > 0
    foreground = _sum_of(own, present & overlaps)
    background = probabilities[:, :1] + _sum_of(own, present & ~overlaps)
    found = lam * foreground + (1 - lam) * (1 - background)
    return masked_mean((found - saliency) ** 2, valid)


def _sum_of(maps: Tensor, chosen: Tensor) -> Tensor:
    """Return the sum ``(N, 1, h, w)`` of the maps ``(N, K, h, w)`` that are chosen, ``(N, K)``."""
    return torch.einsum('nkhw,nk->nhw', maps, chosen.to(maps))[:, None]
