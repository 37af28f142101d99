# SPDX-License-Identifier: Apache-2.0
"""What trains an association of pixels and superpixels.

An association is good if pixels can be made again from the means of their superpixels (F. Yang et
al., "Superpixel Segmentation with Fully Convolutional Networks", CVPR 2020, equations 1 to 4).
SP-CAM (public code, commit 800c6d5) adds what its affinities should be: spread within one label,
none across two. All terms are means, over pixels or superpixels, so that the size of a crop does
not change their balance.

``valid`` tells image from padding everywhere: what is padded joins no superpixel and costs nothing.
Associations are those of :mod:`wsss.ops.association`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .association import EPS, REACH, superpixel_pool, superpixel_unpool
from .confusion import IGNORE
from .map_losses import masked_mean

_OWN = 2 * REACH * (REACH + 1)
"""The channel of an affinity that is a superpixel's with itself."""


def reconstruct(features: Tensor, q: Tensor, cell: int, valid: Tensor | None = None) -> Tensor:
    """Return features made again from the means of superpixels, float ``(N, C, H, W)``.

    Args:
        features: float ``(N, C, H, W)``.
        q: Association ``(N, 9, H, W)``.
        cell: Side of a cell in pixels.
        valid: ``(N, 1, H, W)``, 0 where a pixel has no features; None: all have.

    Example:
        >>> q = torch.eye(9)[4].view(1, 9, 1, 1).expand(1, 9, 2, 4)  # each to its own cell
        >>> reconstruct(torch.tensor([[[[0., 2, 1, 1], [0, 2, 1, 1]]]]), q, 2)
        tensor([[[[1., 1., 1., 1.],
                  [1., 1., 1., 1.]]]])
    """
    pooled = superpixel_pool(features, q if valid is None else q * valid, cell)
    return superpixel_unpool(pooled, q, cell)


def cross_entropy_error(
    shares: Tensor, q: Tensor, cell: int, valid: Tensor | None = None
) -> Tensor:
    """Return ``-mean_p sum_k t_k(p) log t'_k(p)`` of reconstructed shares ``t'``, a scalar.

    Args:
        shares: float ``(N, K, H, W)``: of each label at each pixel, of sum 1.
        q: Association ``(N, 9, H, W)``.
        cell: Side of a cell in pixels.
        valid: ``(N, 1, H, W)``, 0 where there is no label.
    """
    found = reconstruct(shares, q, cell, valid)
    return masked_mean(-(shares * (found + EPS).log()).sum(1, keepdim=True), valid)


def distance_error(features: Tensor, q: Tensor, cell: int, valid: Tensor | None = None) -> Tensor:
    """Return ``mean_p |f(p) - f'(p)|_2`` of reconstructed features ``f'``, a scalar.

    Args:
        features: float ``(N, C, H, W)``, such as colours.
        q: Association ``(N, 9, H, W)``.
        cell: Side of a cell in pixels.
        valid: ``(N, 1, H, W)``, 0 where there is no image.
    """
    apart = features - reconstruct(features, q, cell, valid)
    return masked_mean(torch.linalg.vector_norm(apart, dim=1, keepdim=True), valid)


def positions(like: Tensor) -> Tensor:
    """Return x and y of each pixel, float ``(N, 2, H, W)``.

    Args:
        like: ``(N, C, H, W)``, of that size and place.
    """
    height, width = like.shape[2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device, dtype=torch.float32),
        torch.arange(width, device=like.device, dtype=torch.float32),
        indexing='ij',
    )
    return torch.stack([x, y]).expand(len(like), 2, height, width)


def superpixel_labels(
    scores: Tensor, low: float = 0.05, high: float = 0.55, rival: float = 0.05
) -> Tensor:
    """Return the labels of superpixels that are sure.

    A superpixel is of its best class, or background, if a background of ``low`` and one of ``high``
    agree on it. A class must also be without rival: ``second < rival * first``, with equality
    allowed.

    Args:
        scores: float ``(N, K, h, w)`` in [0, 1], class maps pooled over superpixels; any ``K``.
        low: The lower score of background.
        high: The higher one.
        rival: Share of the best score that the second may have.

    Returns:
        int64 ``(N, h, w)``: 0 background, 1..K classes, 255 ignore.

    Example:
        >>> scores = torch.tensor([[0.9, 0.9, 0.3, 0.01], [0.0, 0.2, 0.0, 0.0]])
        >>> superpixel_labels(scores.view(1, 2, 1, 4))
        tensor([[[  1, 255, 255,   0]]])
    """
    # classes without any activation stand for those that are not there
    scores = F.pad(scores, (0, 0, 0, 0, 0, max(2 - scores.shape[1], 0)))
    (first, second), (best, _) = (found.unbind(1) for found in scores.topk(2, dim=1))
    foreground = (first > high) & (second <= rival * first)
    labels = torch.where(foreground, best + 1, IGNORE)
    return labels.masked_fill(first <= low, 0)


def neighbour_kinds(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return which of the 25 superpixels around each have its label, and which another.

    Pairs with an ignored superpixel are neither; outside of the grid is background.

    Args:
        labels: int64 ``(N, h, w)``, 255 ignore.

    Returns:
        bool ``(N, 25, h, w)`` twice, ordered as :func:`wsss.ops.association.superpixel_affinity`.
        A superpixel is among the 25 itself.
    """
    window, own = 2 * REACH + 1, labels[:, None]
    near = F.unfold(own.float(), window, padding=REACH)
    near = near.view(len(labels), window**2, *labels.shape[1:]).long()
    sure = (own != IGNORE) & (near != IGNORE)
    return sure & (own == near), sure & (own != near)


def press_loss(
    affinity: Tensor,
    same: Tensor,
    limit: float = 0.75,
    min_same: int = 15,
    present: Tensor | None = None,
) -> Tensor:
    """Return ``mean_s relu(A_ss - limit)`` where more than ``min_same`` of 25 are of one label.

    In the midst of an object a superpixel should share its pixels with others.

    Args:
        affinity: float ``(N, 25, h, w)``.
        same: bool ``(N, 25, h, w)``, see :func:`neighbour_kinds`.
        limit: Of the affinity with itself.
        min_same: So many of the 25, and more, must be of its label.
        present: ``(N, 1, h, w)``, 0 for superpixels of padding.
    """
    inside = same.sum(1, keepdim=True) > min_same
    return masked_mean((affinity[:, _OWN : _OWN + 1] - limit).relu() * inside, present)


def diff_loss(affinity: Tensor, different: Tensor, present: Tensor | None = None) -> Tensor:
    """Return ``mean_s sum_t A_st`` over the superpixels ``t`` of another label, a scalar.

    Args:
        affinity: float ``(N, 25, h, w)``.
        different: bool ``(N, 25, h, w)``, see :func:`neighbour_kinds`.
        present: ``(N, 1, h, w)``, 0 for superpixels of padding.
    """
    return masked_mean((affinity * different).sum(1, keepdim=True), present)
