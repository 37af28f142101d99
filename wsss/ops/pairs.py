# SPDX-License-Identifier: Apache-2.0
"""Pairs of cells of a grid that lie near each other, and how far apart their features are."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Offset = tuple[int, int]


def pair_offsets(radius: int) -> list[Offset]:
    """Return ``(dy, dx)`` from a cell to the later half of those nearer than ``radius``.

    Ahn and Kwak, "Learning Pixel-Level Semantic Affinity with Image-Level Supervision for Weakly
    Supervised Semantic Segmentation", CVPR 2018. Each unordered pair appears once.

    Args:
        radius: In cells; the distance itself is not reached.

    Raises:
        ValueError: If there is no such cell.

    Example:
        >>> len(pair_offsets(5)), len(pair_offsets(10))
        (34, 152)
    """
    if radius < 2:
        raise ValueError(f'radius must be at least 2 cells, got {radius}: there are no pairs')
    reach = radius - 1
    return [
        (dy, dx)
        for dy in range(radius)
        for dx in range(-reach, radius)
        if (dy, dx) > (0, 0) and dy * dy + dx * dx < radius * radius
    ]


def paired(maps: Tensor, offset: Offset) -> tuple[Tensor, Tensor]:
    """Return the two ends of all pairs of one offset, as views.

    Args:
        maps: ``(..., H, W)``.
        offset: ``(dy, dx)`` with ``dy >= 0``.

    Returns:
        Twice ``(..., H - dy, W - |dx|)``, empty where the grid is smaller than the offset.
    """
    dy, dx = offset
    height, width = maps.shape[-2:]
    rows = max(height - dy, 0)
    left, right = max(-dx, 0), max(width - max(dx, 0), max(-dx, 0))
    first = maps[..., :rows, left:right]
    return first, maps[..., height - rows :, left + dx : right + dx]


def pair_distances(features: Tensor, offsets: Sequence[Offset]) -> Tensor:
    """Return the mean absolute difference of the features of each pair.

    ``d_ij = mean_c |f_i(c) - f_j(c)|``, minus the logarithm of AffinityNet's affinity. No
    difference is kept for the backward pass, which makes them again: memory does not grow with the
    number of offsets times channels.

    Args:
        features: float ``(N, C, H, W)``.
        offsets: Of :func:`pair_offsets`.

    Returns:
        float ``(N, P, H, W)`` for the pairs that begin in each cell, 0 where a pair would leave
        the grid.
    """
    return _PairDistances.apply(features, tuple(offsets))


class _PairDistances(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features: Tensor, offsets: tuple[Offset, ...]) -> Tensor:
        features = features.contiguous()
        ctx.save_for_backward(features)
        ctx.offsets = offsets
        count, _, height, width = features.shape
        found = features.new_zeros(count, len(offsets), height, width)
        # image by image: the differences of one offset then stay in the cache
        for image, planes in zip(features, found):
            for plane, offset in zip(planes, offsets):
                first, second = paired(image, offset)
                paired(plane, offset)[0].copy_((first - second).abs_().mean(dim=0))
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (features,) = ctx.saved_tensors
        result = torch.zeros_like(features)
        scaled = grad / features.shape[1]
        for image, planes, own in zip(features, scaled, result):
            for offset, plane in zip(ctx.offsets, planes):
                first, second = paired(image, offset)
                toward = (first - second).sign_().mul_(paired(plane, offset)[0])
                of_first, of_second = paired(own, offset)
                of_first += toward
                of_second -= toward
        return result, None
