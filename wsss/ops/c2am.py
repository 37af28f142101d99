# SPDX-License-Identifier: Apache-2.0
"""The contrastive losses of class-agnostic activation maps.

J. Xie et al., "C2AM: Contrastive Learning of Class-Agnostic Activation Map for Weakly Supervised
Object Localization and Semantic Segmentation", CVPR 2022, section 3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 5e-4


def disentangle(foreground: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Average the features of foreground and background.

    Args:
        foreground: float ``(N, 1, h, w)`` in [0, 1], how surely a cell is foreground.
        features: float ``(N, C, h, w)``.

    Returns:
        ``mean_p P(p) F(p)`` and ``mean_p (1 - P(p)) F(p)``, each float ``(N, C)``; together they
        are the mean of the features.
    """
    inside = torch.einsum('nhw,nchw->nc', foreground[:, 0], features) / foreground[0, 0].numel()
    return inside, features.mean(dim=(2, 3)) - inside


def rank_weights(similarity: Tensor, alpha: float) -> Tensor:
    """Return ``exp(-alpha * (rank - 1))`` of each pair, which makes near neighbours count more.

    The rank is the 0-based place of a column when its row is sorted by decreasing similarity, so
    the nearest neighbour after the image itself has the weight 1.

    Args:
        similarity: float ``(n, n)``; no gradient goes through ranks.
        alpha: At least 0; 0 weighs all pairs alike.
    """
    order = similarity.detach().argsort(dim=1, descending=True, stable=True)
    ranks = torch.empty_like(similarity.detach())
    places = torch.arange(len(similarity), device=similarity.device).to(ranks)
    ranks.scatter_(1, order, places.expand_as(ranks))
    return torch.exp(-alpha * (ranks - 1))


def _log(values: Tensor, clamp: bool) -> Tensor:
    """Return the logarithm of values in [0, 1], kept from 0 by clamping or by adding ``EPS``."""
    return values.clamp(EPS, 1 - EPS).log() if clamp else (values + EPS).log()


def attract(features: Tensor, alpha: float, clamp: bool = False) -> Tensor:
    """Pull the features of one side together: ``-mean_ij w_ij log s_ij`` (eq. 5, 6).

    Args:
        features: float ``(n, C)``, not negative.
        alpha: See :func:`rank_weights`.
        clamp: As published: similarities are cut to ``[EPS, 1 - EPS]``, which stops the gradient of
            pairs outside. False adds ``EPS`` inside the logarithm instead.
    """
    unit = F.normalize(features, dim=1)
    similarity = unit @ unit.T
    return -(rank_weights(similarity, alpha) * _log(similarity, clamp)).mean()


def repel(foreground: Tensor, background: Tensor, clamp: bool = False) -> Tensor:
    """Push foregrounds and backgrounds of all images apart: ``-mean_ij log(1 - s_ij)`` (eq. 4).

    At the start of a training both sides of an image are nearly the same, and with ``clamp`` the
    pair of an image with itself then has no gradient; the pairs of other images begin.

    Args:
        foreground: float ``(n, C)``, not negative.
        background: float ``(n, C)``, not negative.
        clamp: See :func:`attract`.
    """
    distance = 1 - F.normalize(background, dim=1) @ F.normalize(foreground, dim=1).T
    # rounding may take a cosine above 1
    return -_log(distance if clamp else distance.clamp(min=0), clamp).mean()


def c2am_losses(
    foreground: Tensor, background: Tensor, alpha: float = 0.25, clamp: bool = False
) -> dict[str, Tensor]:
    """Return the three terms of the loss, to be added with equal weights.

    The sum is the same with both sides exchanged: it cannot know which of them is the object.

    Args:
        foreground: float ``(n, C)``, not negative, of all images of the batch.
        background: Likewise.
        alpha: Of :func:`rank_weights`; 0.25 on PASCAL VOC.
        clamp: See :func:`attract`.

    Example:
        >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
        <torch._C.Generator object at ...>
        >>> losses = c2am_losses(torch.rand(4, 8), torch.rand(4, 8))
        >>> sorted(losses)
        ['loss_bg_attract', 'loss_fg_attract', 'loss_repel']
    """
    return dict(
        loss_fg_attract=attract(foreground, alpha, clamp),
        loss_repel=repel(foreground, background, clamp),
        loss_bg_attract=attract(background, alpha, clamp),
    )
