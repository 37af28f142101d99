# SPDX-License-Identifier: Apache-2.0
"""How undecided and how spread out maps are."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ACTIVATIONS = ('softmax', 'sigmoid')


def softmax_entropy(logits: Tensor) -> Tensor:
    """Return ``-sum_c p_c log p_c`` of a softmax over axis 1.

    Args:
        logits: float ``(N, K, ...)``; ``-inf`` leaves a class out.

    Returns:
        float ``(N, ...)`` in [0, log K].
    """
    finite = logits.clamp(min=torch.finfo(logits.dtype).min)
    return logits.logsumexp(1) - (logits.softmax(1) * finite).sum(1)


def sigmoid_entropy(logits: Tensor) -> Tensor:
    """Return the entropy of each class on its own, ``H(sigmoid(z))``, in [0, log 2]."""
    return F.softplus(logits) - logits * logits.sigmoid()


def masked_mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Return the mean of ``values`` where ``valid``, 0 if that is nowhere.

    Args:
        values: float.
        valid: Of a shape that ``values`` can be multiplied with, or None for everywhere.
    """
    if valid is None:
        return values.mean()
    weights = valid.to(values).expand_as(values)
    return (values * weights).sum() / weights.sum().clamp(min=1)


def spread(maps: Tensor, cap: float | None = None) -> Tensor:
    """Return the mean squared distance of the mass of maps from its centre.

    Places are pixel centres, both axes scaled to [-1, 1] whatever the aspect ratio, so that a
    uniform map has nearly 2/3 and a single cell 0.

    Args:
        maps: float ``(..., h, w)``, not negative; only their shape counts, not their scale.
        cap: What the squared distance of a cell counts at most, for several instances of a class
            far from each other; None for no limit.

    Returns:
        float ``(...)``, 0 for a map of zeros.
    """
    mass = maps / maps.sum(dim=(-2, -1), keepdim=True).clamp(min=torch.finfo(maps.dtype).tiny)
    y, x = (_centres(size, maps) for size in maps.shape[-2:])
    rows, columns = mass.sum(-1), mass.sum(-2)
    y = y - (rows * y).sum(-1, keepdim=True)
    x = x - (columns * x).sum(-1, keepdim=True)
    if cap is None:
        return (rows * y**2).sum(-1) + (columns * x**2).sum(-1)
    distance = y[..., :, None] ** 2 + x[..., None, :] ** 2
    return (mass * distance.clamp(max=cap)).sum(dim=(-2, -1))


def _centres(size: int, like: Tensor) -> Tensor:
    return (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) * (2 / size) - 1
