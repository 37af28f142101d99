# SPDX-License-Identifier: Apache-2.0
"""Maps that know where an object is, and maps that know of which class, made one.

``agnostic`` is float ``(H, W)`` in [0, 1], how surely a pixel is foreground of any class.
``specific`` is float ``(K, H, W)`` in [0, 1], one map for each present class, K >= 1. The functions
return scores ``(K, H, W)`` and the background ``(H, W)``, or None where a threshold decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .normalize import normalize_maps


def bg_cue(agnostic: Tensor, specific: Tensor) -> tuple[Tensor, Tensor]:
    """Take the classes from the one and the background from the other.

    J. Xie et al., "C2AM: Contrastive Learning of Class-agnostic Activation Map", CVPR 2022: the
    background is ``1 - P``.
    """
    return specific, 1 - agnostic


def product(agnostic: Tensor, specific: Tensor, gamma: float = 1.0) -> tuple[Tensor, Tensor]:
    """Share the foreground out to the classes: ``P * M_k^gamma / sum_j M_j^gamma``.

    With the background ``1 - P`` all scores of a pixel sum to 1. Where no class responds each gets
    the same share. With one class its map is P, whatever the class map says.
    """
    top = specific.amax(dim=0, keepdim=True)
    # by the largest first, so that a power of small scores does not vanish
    share = torch.where(top > 0, specific / top.clamp(min=torch.finfo(top.dtype).tiny), 1.0)
    share = share**gamma
    return agnostic * share / share.sum(dim=0, keepdim=True), 1 - agnostic


def geometric(agnostic: Tensor, specific: Tensor, weight: float = 0.5) -> tuple[Tensor, Tensor]:
    """Ask both to agree: ``Q_k ~ P^w M_k^(1-w)``, ``Q_0 ~ (1-P)^w (1 - max_k M_k)^(1-w)``.

    The scores of a pixel sum to 1. Where the two exclude each other, so that nothing is left,
    background and classes get the same share.
    """
    foreground = agnostic**weight * specific ** (1 - weight)
    background = (1 - agnostic) ** weight * (1 - specific.amax(dim=0)) ** (1 - weight)
    joint = torch.cat([background[None], foreground])
    total = joint.sum(dim=0, keepdim=True)
    joint = torch.where(total > 0, joint / total, 1 / len(joint))
    return joint[1:], joint[0]


def name_foreground(agnostic: Tensor, specific: Tensor) -> Tensor:
    """Return P as maps ``(K, H, W)``: at each pixel it belongs to the class that is best there.

    Of equal classes the first is best.
    """
    best = specific.argmax(dim=0, keepdim=True)
    return torch.zeros_like(specific).scatter_(0, best, agnostic[None].to(specific))


def linear(agnostic: Tensor, specific: Tensor, weight: float = 0.5) -> tuple[Tensor, None]:
    """Average the two: ``w * P [k is the best class] + (1 - w) * M_k``."""
    named = name_foreground(agnostic, specific)
    return weight * named + (1 - weight) * specific, None


def maximum(members: Sequence[Tensor]) -> tuple[Tensor, None]:
    """Return what any of the members ``(K, H, W)`` sees: more is found, more of it wrongly."""
    return torch.stack(tuple(members)).amax(dim=0), None


def minimum(members: Sequence[Tensor]) -> tuple[Tensor, None]:
    """Return what all of the members ``(K, H, W)`` see: less is found, less of it wrongly."""
    return torch.stack(tuple(members)).amin(dim=0), None


def mean_models(members: Sequence[Tensor]) -> tuple[Tensor, None]:
    """Return the mean of the members ``(K, H, W)``, each class of each brought to a maximum of 1.

    A class without any response in a member counts as 0 there.
    """
    return normalize_maps(torch.stack(tuple(members)), 'max').mean(dim=0), None
