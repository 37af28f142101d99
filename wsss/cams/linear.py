# SPDX-License-Identifier: Apache-2.0
"""Weighted sums of feature maps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def take_images(activations: Tensor, rows: Tensor) -> Tensor:
    """Return ``activations[rows]`` without a copy where every image is wanted once.

    Args:
        activations: ``(N, C, h, w)``.
        rows: int64 ``(M,)``, ascending, on the CPU.
    """
    if len(rows) == len(activations) and torch.equal(rows, torch.arange(len(rows))):
        return activations
    return activations[rows.to(activations.device)]


def class_weighted(activations: Tensor, weight: Tensor, rows: Tensor, classes: Tensor) -> Tensor:
    """Sum feature maps with weights that depend on the class only.

    One matrix product gives the maps of all classes present in the batch for all images; the
    pairs asked for are picked from it.

    Args:
        activations: ``(N, C, h, w)``.
        weight: ``(K, C)``.
        rows: int64 ``(M,)``, image of each map, on the CPU.
        classes: int64 ``(M,)``, class of each map, on the CPU.

    Returns:
        ``(M, h, w)``.
    """
    present, column = classes.unique(return_inverse=True)
    kernel = weight[present.to(weight.device)][:, :, None, None]
    return F.conv2d(activations, kernel)[rows.to(weight.device), column.to(weight.device)]


def map_weighted(activations: Tensor, weights: Tensor) -> Tensor:
    """Sum feature maps with weights of each map's own.

    Args:
        activations: ``(M, C, h, w)``.
        weights: ``(M, C)``.

    Returns:
        ``(M, h, w)``.
    """
    return torch.einsum('mchw,mc->mhw', activations, weights)
