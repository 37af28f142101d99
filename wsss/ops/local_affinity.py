# SPDX-License-Identifier: Apache-2.0
"""Affinities of a pixel to those around it, and averaging by them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-8
AROUND = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))


def neighbour_offsets(dilations: Sequence[int]) -> list[tuple[int, int]]:
    """Return ``(dy, dx)`` of the eight neighbours at each distance.

    Example:
        >>> len(neighbour_offsets((1, 2, 4, 8, 12, 24)))
        48
    """
    return [(dy * d, dx * d) for d in dilations for dy, dx in AROUND]


def neighbours(x: Tensor, dilations: Sequence[int]) -> list[Tensor]:
    """Return views of ``x`` moved to each neighbour; beyond the border its pixels repeat.

    Args:
        x: float ``(N, C, H, W)``.
        dilations: Distances in pixels.

    Returns:
        For each of :func:`neighbour_offsets` ``(N, C, H, W)``, in that order.
    """
    reach = max(dilations)
    height, width = x.shape[2:]
    padded = F.pad(x, (reach,) * 4, mode='replicate')
    return [
        padded[:, :, reach + dy : reach + dy + height, reach + dx : reach + dx + width]
        for dy, dx in neighbour_offsets(dilations)
    ]


def local_spread(x: Tensor, dilations: Sequence[int], itself: bool = True) -> Tensor:
    """Return the standard deviation (unbiased) over a pixel's neighbours and itself.

    The pixel counts once for each distance, as in the published code of PAMR, or not at all, as in
    that of PAR.

    Args:
        x: float ``(N, C, H, W)``.
        dilations: Distances in pixels.
        itself: Whether the pixel counts.

    Returns:
        float ``(N, C, H, W)``.
    """
    around = neighbours(x, dilations)
    own = len(dilations) if itself else 0
    count = len(around) + own
    mean = (sum(around) + own * x) / count
    squares = own * (x - mean).square()
    for other in around:
        squares = squares + (other - mean).square()
    return (squares / (count - 1)).sqrt()


def colour_affinity(images: Tensor, dilations: Sequence[int], softness: float = 0.1) -> Tensor:
    """Return how much a pixel resembles each neighbour, relative to the colours around it.

    ``softmax_n(-mean_c |I_c(p) - I_c(n)| / (softness * std_c(p)))`` (Araslanov and Roth,
    "Single-Stage Semantic Segmentation from Image Labels", CVPR 2020, section 3.2 and code).

    Args:
        images: float ``(N, C, H, W)``.
        dilations: Distances of the neighbours in pixels.
        softness: Larger is smoother.

    Returns:
        float ``(N, n, H, W)``, sums to 1 over the n neighbours.
    """
    scale = 1 / (EPS + softness * local_spread(images, dilations))
    differences = [
        ((images - other).abs() * scale).mean(1) for other in neighbours(images, dilations)
    ]
    return torch.stack(differences, dim=1).neg_().softmax(dim=1)


def colour_position_affinity(
    images: Tensor, dilations: Sequence[int], softness: float = 0.3, position_weight: float = 0.01
) -> Tensor:
    """Return how much a pixel resembles each neighbour, and how near it is.

    ``softmax_n(-mean_c (|I_c(p) - I_c(n)| / (softness * std_c(p)))^2)`` plus ``position_weight``
    times ``softmax_n(-(|p - n| / (softness * std))^2)`` (Ru et al., "Learning Affinity from
    Attention", CVPR 2022, section 3.3 and code), divided by ``1 + position_weight``. Without that
    division every average grows by a hundredth, beyond 1 in the end.

    Args:
        images: float ``(N, C, H, W)``.
        dilations: Distances of the neighbours in pixels.
        softness: Larger is smoother.
        position_weight: Of nearness against likeness.

    Returns:
        float ``(N, n, H, W)``, sums to 1 over the n neighbours.
    """
    scale = 1 / (EPS + softness * local_spread(images, dilations, itself=False))
    differences = [
        ((images - other) * scale).square_().mean(1) for other in neighbours(images, dilations)
    ]
    colour = torch.stack(differences, dim=1).neg_().softmax(dim=1)
    offsets = torch.tensor(neighbour_offsets(dilations), dtype=images.dtype, device=images.device)
    distances = offsets.norm(dim=1)
    position = (-(distances / (EPS + softness * distances.std())).square()).softmax(dim=0)
    return (colour + position_weight * position[:, None, None]) / (1 + position_weight)


def average_by_affinity(
    maps: Tensor, affinity: Tensor, dilations: Sequence[int], iterations: int
) -> Tensor:
    """Replace each pixel by the average of its neighbours, several times.

    Args:
        maps: float ``(N, K, H, W)``.
        affinity: float ``(N, n, H, W)``, sums to 1 over n.
        dilations: Those of ``affinity``.
        iterations: How often.

    Returns:
        float ``(N, K, H, W)``; no value lies outside the range of ``maps``.
    """
    for _ in range(iterations):
        total = torch.zeros_like(maps)
        for weight, other in zip(affinity.unbind(1), neighbours(maps, dilations)):
            total.addcmul_(weight[:, None], other)
        maps = total
    return maps
