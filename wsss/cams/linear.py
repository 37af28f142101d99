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


def image_weighted(activations: Tensor, weights: Tensor, rows: Tensor) -> Tensor:
    """Sum feature maps with weights of each map's own, several maps of an image from one copy.

    One batched matrix product; activations are neither copied nor repeated, however many classes
    an image has.

    Args:
        activations: ``(N, C, h, w)``.
        weights: ``(M, C)``.
        rows: int64 ``(M,)``, ascending, image of each map, on the CPU.

    Returns:
        ``(M, h, w)``.
    """
    order = rank_in_image(rows)
    images, order = rows.to(weights.device), order.to(weights.device)
    table = weights.new_zeros(len(activations), int(order.max()) + 1, weights.shape[1])
    table[images, order] = weights
    maps = torch.bmm(table, activations.flatten(2))
    return maps[images, order].unflatten(1, activations.shape[2:])


def rank_in_image(rows: Tensor) -> Tensor:
    """Return for each map the how manyth of its image it is, from 0.

    Args:
        rows: int64 ``(M,)``, ascending.

    Example:
        >>> rank_in_image(torch.tensor([0, 2, 2, 2, 3]))
        tensor([0, 0, 1, 2, 0])
    """
    _, counts = rows.unique_consecutive(return_counts=True)
    return torch.cat([torch.arange(count) for count in counts.tolist()])
