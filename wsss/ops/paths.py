# SPDX-License-Identifier: Apache-2.0
"""What lies between the two cells of a pair."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .pairs import Offset


def path(offset: Offset) -> list[Offset]:
    """Return the cells on the straight line from (0, 0) to ``offset``, both ends among them.

    One cell for each step along the longer side; halves go away from zero.

    Example:
        >>> path((2, -4))
        [(0, 0), (1, -1), (1, -2), (2, -3), (2, -4)]
    """
    dy, dx = offset
    steps = max(abs(dy), abs(dx))

    def at(k: int, side: int) -> int:
        return (2 * k * abs(side) + steps) // (2 * steps) * (1 if side >= 0 else -1)

    return [(at(k, dy), at(k, dx)) for k in range(steps + 1)] if steps else [(0, 0)]


def path_maximum(edges: Tensor, offsets: Sequence[Offset]) -> Tensor:
    """Return the largest value on the way of each pair.

    Args:
        edges: float ``(N, H, W)``.
        offsets: With ``dy >= 0``.

    Returns:
        float ``(N, P, H, W)`` for the pairs that begin in each cell, 0 where a pair would leave
        the grid.
    """
    # padded planes, not slices written into one tensor: a gradient of those copies the whole
    return torch.stack([_maximum(edges, offset) for offset in offsets], dim=1)


def _maximum(edges: Tensor, offset: Offset) -> Tensor:
    height, width = edges.shape[1:]
    dy, dx = offset
    rows, columns = height - dy, width - abs(dx)
    if rows <= 0 or columns <= 0:
        return torch.zeros_like(edges)
    left = max(-dx, 0)
    views = [edges[:, y : y + rows, left + x : left + x + columns] for y, x in path(offset)]
    largest = torch.stack(views).amax(0)
    return F.pad(largest, (left, width - columns - left, 0, height - rows))
