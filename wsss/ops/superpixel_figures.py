# SPDX-License-Identifier: Apache-2.0
"""How well regions follow the segments that a person has drawn.

Definitions are those of D. Stutz, A. Hermans, B. Leibe, "Superpixels: An Evaluation of the
State-of-the-Art", CVIU 2018, section 5. Nothing loops over regions: all follow from the counts of
pixels of each pair of region and segment.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def overlaps(regions: Tensor, segments: Tensor) -> Tensor:
    """Count the pixels that each region shares with each segment.

    Args:
        regions: int64 ``(H, W)``, ids from 0; they should be contiguous, as rows are made for all.
        segments: int64 ``(H, W)``, likewise.

    Returns:
        int64 ``(S, G)``.
    """
    height, width = int(regions.max()) + 1, int(segments.max()) + 1
    joint = (regions * width + segments).flatten()
    return torch.bincount(joint, minlength=height * width).view(height, width)


def achievable_accuracy(counts: Tensor) -> float:
    """Return the share of pixels that are right if each region takes its best segment.

    M.-Y. Liu et al., "Entropy Rate Superpixel Segmentation", CVPR 2011.

    Args:
        counts: int64 ``(S, G)``, see :func:`overlaps`.

    Example:
        >>> achievable_accuracy(torch.tensor([[3, 1], [0, 4]]))
        0.875
    """
    return float(counts.amax(1).sum() / counts.sum())


def undersegmentation(counts: Tensor) -> float:
    """Return how much of regions leaks across segments, ``1/N sum_G sum_S min(|S & G|, |S - G|)``.

    P. Neubert, P. Protzel, "Superpixel Benchmark and Comparison", Forum Bildverarbeitung 2012: the
    smaller part of a region counts, so that one pixel across a border is one wrong pixel.

    Args:
        counts: int64 ``(S, G)``, see :func:`overlaps`.

    Example:
        >>> undersegmentation(torch.tensor([[3, 1], [0, 4]]))  # one pixel for either segment
        0.25
    """
    rest = counts.sum(1, keepdim=True) - counts
    return float(torch.minimum(counts, rest).sum() / counts.sum())


def boundaries(regions: Tensor) -> Tensor:
    """Return the pixels one of whose four neighbours is of another region, bool ``(H, W)``."""
    found = torch.zeros_like(regions, dtype=torch.bool)
    across, down = regions[:, 1:] != regions[:, :-1], regions[1:] != regions[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found


def boundary_hits(found: Tensor, wanted: Tensor, reach: int) -> float:
    """Return the share of the pixels of ``wanted`` that have one of ``found`` near; 1 of none.

    With boundaries of regions and of segments it is the boundary recall, the other way round the
    precision (D. Martin, C. Fowlkes, J. Malik, PAMI 2004, without their matching one to one).

    Args:
        found: bool ``(H, W)``.
        wanted: bool ``(H, W)``.
        reach: Near are ``2 reach + 1`` pixels along either axis.
    """
    if not wanted.any():
        return 1.0
    near = F.max_pool2d(found[None, None].float(), 2 * reach + 1, 1, reach)[0, 0]
    return float(near[wanted].mean())


def boundary_reach(size: tuple[int, int], tolerance: float) -> int:
    """Return the reach in pixels that is a share of an image's diagonal, rounded up.

    Args:
        size: ``(H, W)``.
        tolerance: Share of the diagonal.

    Example:
        >>> boundary_reach((321, 481), 0.0025)
        2
    """
    return math.ceil(tolerance * math.hypot(*size))
