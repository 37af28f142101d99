# SPDX-License-Identifier: Apache-2.0
"""Sums over pixels and the nine superpixels around each, cell by cell.

With features ``F`` of pixels, values ``V`` of superpixels and shares ``q`` (see
:mod:`wsss.ops.association`) there is one form, ``sum_ps q_s(p) F(p) V_s``, and its derivatives by
each of the three are the sums, the shares and the products below. So each has its gradients from
the other two, to any order. Maps are laid out by cells a few rows of cells at a time: no copy of a
whole map is made, and none is kept for the gradient.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

STRIP = 1 << 19
"""So many numbers of a map are laid out at a time, at least one row of cells."""


def pixel_sums(features: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return ``sum_p q_s(p) F(p)``.

    Args:
        features: float ``(N, C, H, W)``.
        q: float ``(N, 9, H, W)`` of the same dtype.
        cell: Side of a cell in pixels; those of the maps are multiples of it.

    Returns:
        float ``(N, C, h, w)``.
    """
    return _Sums.apply(features, q, cell)


def pixel_shares(values: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return ``sum_s q_s(p) V_s``.

    Args:
        values: float ``(N, C, h, w)``.
        q: float ``(N, 9, H, W)`` of the same dtype.
        cell: Side of a cell in pixels.

    Returns:
        float ``(N, C, H, W)``.
    """
    return _Shares.apply(values, q, cell)


def pixel_products(features: Tensor, values: Tensor, cell: int) -> Tensor:
    """Return ``sum_c F_c(p) V_cs`` of each pixel and the nine superpixels around it.

    Args:
        features: float ``(N, C, H, W)``.
        values: float ``(N, C, h, w)`` of the same dtype.
        cell: Side of a cell in pixels.

    Returns:
        float ``(N, 9, H, W)``.
    """
    return _Products.apply(features, values, cell)


def blocks(maps: Tensor, cell: int) -> Tensor:
    """Return ``(N, C, h S, w S)`` as ``(N, h, w, C, S S)``."""
    batch, channels, height, width = maps.shape
    rows, columns = height // cell, width // cell
    found = maps.reshape(batch, channels, rows, cell, columns, cell)
    return found.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows, columns, channels, -1)


def product(first: Tensor, second: Tensor) -> Tensor:
    """Return the matrix product in the precision of both, which autocast would lower."""
    with torch.autocast(first.device.type, enabled=False):
        return first @ second


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, q: Tensor, cell: int) -> Tensor:
        ctx.save_for_backward(features, q)
        ctx.cell = cell
        rows = _rows_at_once(cell, features, q)
        strips = zip(features.split(rows, dim=2), q.split(rows, dim=2))
        sums = [product(blocks(own, cell), blocks(part, cell).mT) for own, part in strips]
        sums = torch.cat(sums, dim=1).permute(0, 3, 4, 1, 2)
        size = sums.shape[3:]
        return F.fold(sums.reshape(len(q), -1, size.numel()), size, 3, padding=1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (features, q), cell = ctx.saved_tensors, ctx.cell
        first, second, _ = ctx.needs_input_grad
        return (
            pixel_shares(grad, q, cell) if first else None,
            pixel_products(features, grad, cell) if second else None,
            None,
        )


class _Shares(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, q: Tensor, cell: int) -> Tensor:
        ctx.save_for_backward(values, q)
        ctx.cell = cell
        return _at_pixels(_near(values), q, cell)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (values, q), cell = ctx.saved_tensors, ctx.cell
        first, second, _ = ctx.needs_input_grad
        return (
            pixel_sums(grad, q, cell) if first else None,
            pixel_products(grad, values, cell) if second else None,
            None,
        )


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, values: Tensor, cell: int) -> Tensor:
        ctx.save_for_backward(features, values)
        ctx.cell = cell
        return _at_pixels(_near(values).mT, features, cell)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (features, values), cell = ctx.saved_tensors, ctx.cell
        first, second, _ = ctx.needs_input_grad
        return (
            pixel_shares(values, grad, cell) if first else None,
            pixel_sums(features, grad, cell) if second else None,
            None,
        )


def _at_pixels(matrices: Tensor, maps: Tensor, cell: int) -> Tensor:
    """Multiply the pixels of each cell by its matrix.

    Args:
        matrices: ``(N, h, w, M, C)``.
        maps: ``(N, C, H, W)``.
        cell: Side of a cell in pixels.

    Returns:
        ``(N, M, H, W)``.
    """
    found = maps.new_empty(len(maps), matrices.shape[3], *maps.shape[2:])
    rows = _rows_at_once(cell, found, maps)
    outs, parts = found.split(rows, dim=2), maps.split(rows, dim=2)
    for out, part, own in zip(outs, parts, matrices.split(rows // cell, dim=1)):
        pixels = product(own, blocks(part, cell)).unflatten(4, (cell, cell))
        cells = out.unflatten(3, (-1, cell)).unflatten(2, (-1, cell))
        cells.copy_(pixels.permute(0, 3, 1, 4, 2, 5))
    return found


def _near(values: Tensor) -> Tensor:
    """Return the nine of ``(N, C, h, w)`` around each cell, ``(N, h, w, C, 9)``."""
    near = F.unfold(values, 3, padding=1).unflatten(1, (-1, 9)).unflatten(3, values.shape[2:])
    return near.permute(0, 3, 4, 1, 2)


def _rows_at_once(cell: int, *maps: Tensor) -> int:
    """Return how many rows of pixels of the largest map are ``STRIP`` numbers, whole cells."""
    row = max(own[:, :, :cell].numel() for own in maps)
    return max(STRIP // max(row, 1), 1) * cell
