# SPDX-License-Identifier: Apache-2.0
"""Weighted sums of feature maps."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def maps_each(rows: Tensor, images: int) -> int:
    """Return how many maps every image has, 0 if not all have the same number.

    Args:
        rows: int64 ``(M,)``, ascending, image of each map.
        images: How many there are.

    Example:
        >>> maps_each(torch.tensor([0, 0, 1, 1]), 2), maps_each(torch.tensor([0, 0, 1]), 2)
        (2, 0)
    """
    each = len(rows) // max(images, 1)
    expected = [image for image in range(images) for _ in range(each)]
    return each if rows.tolist() == expected else 0


def take_images(activations: Tensor, rows: Tensor) -> Tensor:
    """Return ``activations[rows]`` without a copy where every image is wanted once.

    Args:
        activations: ``(N, C, h, w)``.
        rows: int64 ``(M,)``, ascending, on the CPU.
    """
    if maps_each(rows, len(activations)) == 1:
        return activations
    return activations[rows.to(activations.device)]


def class_weighted(activations: Tensor, weight: Tensor, rows: Tensor, classes: Tensor) -> Tensor:
    """Sum feature maps with weights that depend on the class only.

    One matrix product gives the maps of all classes present in the batch for all images; the
    pairs asked for are picked from it. Where all images have the same number, it is a product of
    each image with its own classes.

    Args:
        activations: ``(N, C, h, w)``.
        weight: ``(K, C)``.
        rows: int64 ``(M,)``, image of each map, on the CPU.
        classes: int64 ``(M,)``, class of each map, on the CPU.

    Returns:
        ``(M, h, w)``.
    """
    each = maps_each(rows, len(activations))
    if each:
        return _even_product(weight[classes.to(weight.device)], activations, each)
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
    each = maps_each(rows, len(activations))
    if each:
        return _even_product(weights, activations, each)
    order = rank_in_image(rows)
    images, order = rows.to(weights.device), order.to(weights.device)
    table = weights.new_zeros(len(activations), int(order.max()) + 1, weights.shape[1])
    table[images, order] = weights
    return _product(table, activations)[images, order]


def _product(weights: Tensor, activations: Tensor) -> Tensor:
    """Return ``(N, M, h, w)`` from weights ``(N, M, C)`` and activations ``(N, C, h, w)``."""
    count, _, height, width = activations.shape
    return torch.bmm(weights, activations.flatten(2)).view(count, -1, height, width)


def _even_product(weights: Tensor, activations: Tensor, each: int) -> Tensor:
    """Return ``(N * each, h, w)`` from weights ``(N * each, C)``, ``each`` of every image."""
    return _product(weights.unflatten(0, (-1, each)), activations).flatten(0, 1)


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
