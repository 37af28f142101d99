# SPDX-License-Identifier: Apache-2.0
"""What lies between the two cells of a pair."""

from __future__ import annotations

from collections.abc import Sequence

import torch
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
    count, height, width = edges.shape
    found = edges.new_zeros(count, len(offsets), height, width)
    for k, (dy, dx) in enumerate(offsets):
        rows, columns = height - dy, width - abs(dx)
        if rows <= 0 or columns <= 0:
            continue
        left = max(-dx, 0)
        views = [edges[:, y : y + rows, left + x : left + x + columns] for y, x in path((dy, dx))]
        found[:, k, :rows, left : left + columns] = torch.stack(views).amax(0)
    return found
