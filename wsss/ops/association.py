# SPDX-License-Identifier: Apache-2.0
"""Pixels that belong to the nine superpixels around them by shares.

An image of ``H x W`` pixels has a grid of ``h x w`` superpixels, one for each cell of ``S x S``
pixels. An association ``q`` float ``(N, 9, H, W)`` says how much each pixel belongs to the
superpixels of its own cell and of the eight around it, row by row (F. Yang et al., "Superpixel
Segmentation with Fully Convolutional Networks", CVPR 2020, section 3.1, with equation 1 for pooling
and 2 for the way back). Sides are whole cells; :func:`wsss.ops.cells.pad_to_cells` pads images, and
a ``q`` of zeros leaves pixels out. ``q`` does not say its ``cell``: give all operators the one that
it was made with (:class:`wsss.ops.partition.SoftPartition` keeps both together).

All operators are differentiable in all their arguments and compute in float32 at least, under
autocast too. Pixels of a cell meet nine superpixels only, so each is a batched matrix product over
the cells (:mod:`wsss.ops.cell_products`).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .cell_products import blocks, pixel_shares, pixel_sums, product

REACH = 2
"""So many cells apart two superpixels can share a pixel, along each axis."""
EPS = 1e-8


def associate(logits: Tensor, cell: int) -> Tensor:
    """Return shares, a softmax over the superpixels that exist.

    Beyond the border of the image there are none. Shares that go there are lost: without a mask the
    superpixels at the border fade from a map at every step of a walk.

    Args:
        logits: float ``(N, 9, H, W)``.
        cell: ``S``, the side of a cell in pixels.

    Returns:
        float ``(N, 9, H, W)``, of sum 1 at each pixel.

    Raises:
        ValueError: If there are not nine logits, or the sides are not whole cells.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> q[0, :, 0, 0]  # of four superpixels
        tensor([0.0000, 0.0000, 0.0000, 0.0000, 0.2500, 0.2500, 0.0000, 0.2500, 0.2500])
    """
    height, width = _grid(logits, cell)
    logits = _precise(logits)
    inside = F.interpolate(_inside(logits, height, width), scale_factor=cell)
    return logits.masked_fill(inside == 0, -torch.inf).softmax(1)


def superpixel_sizes(q: Tensor, cell: int) -> Tensor:
    """Return how many pixels each superpixel has, ``sum_p q_s(p)``.

    Args:
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.

    Returns:
        float ``(N, 1, h, w)``.
    """
    height, width = _grid(q, cell)
    sums = F.avg_pool2d(_precise(q), cell) * cell**2
    return F.fold(sums.flatten(2), (height, width), 3, padding=1)


def superpixel_pool(features: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return the mean of each superpixel, ``sum_p q_s(p) F(p) / sum_p q_s(p)``.

    Args:
        features: float ``(N, C, H, W)``.
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.

    Returns:
        float ``(N, C, h, w)``, 0 where a superpixel has no pixels.

    Raises:
        ValueError: If sizes do not fit.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> superpixel_pool(torch.ones(1, 2, 8, 12), q, 4).shape
        torch.Size([1, 2, 2, 3])
    """
    height, width = _grid(q, cell)
    if features.shape[0] != q.shape[0] or features.shape[2:] != q.shape[2:]:
        raise ValueError(
            f'features {tuple(features.shape)} are not those of the association {tuple(q.shape)}'
        )
    total = pixel_sums(*alike(features, q), cell)
    return total / superpixel_sizes(q, cell).clamp(min=EPS)


def superpixel_unpool(values: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return what each pixel has of its superpixels, ``sum_s q_s(p) V_s``.

    Args:
        values: float ``(N, C, h, w)``.
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.

    Returns:
        float ``(N, C, H, W)``.

    Raises:
        ValueError: If sizes do not fit.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> superpixel_unpool(torch.ones(1, 1, 2, 3), q, 4).unique()
        tensor([1.])
    """
    height, width = _grid(q, cell)
    if len(values) != len(q) or values.shape[2:] != (height, width):
        raise ValueError(
            f'values {tuple(values.shape)} are not those of the {height} x {width} superpixels of '
            f'the association {tuple(q.shape)} with cells of {cell}'
        )
    return pixel_shares(*alike(values, q), cell)


def superpixel_affinity(q: Tensor, cell: int) -> Tensor:
    """Return how much each superpixel shares with those around it.

    ``A_st = sum_p q_s(p) q_t(p) / sum_p q_s(p)``: rows sum to 1 if the shares of each pixel do, and
    ``D_s A_st = D_t A_ts`` with the sizes ``D`` (:func:`superpixel_sizes`), so that a walk on it is
    reversible and rests where superpixels are large.

    Args:
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.

    Returns:
        float ``(N, 25, h, w)``: channel ``5 (dy + 2) + dx + 2`` is the superpixel at ``(dy, dx)``
        from it, 0 outside the grid.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> superpixel_affinity(q, 4).shape
        torch.Size([1, 25, 2, 3])
    """
    height, width = _grid(q, cell)
    own = blocks(_precise(q), cell)
    # what each two of the nine share within a cell
    common = product(own, own.mT).permute(0, 3, 4, 1, 2)
    common = (common * _inside(common, height, width)).view(-1, 3, 3, 3, 3, height, width)
    window, padded = 2 * REACH + 1, F.pad(common, (1, 1, 1, 1))
    total = common.new_zeros(len(q), window, window, height, width)
    for y in range(3):
        for x in range(3):
            # the superpixel s at (y, x) of a cell: its cell is as far from s in the other direction
            part = padded[:, y, x, :, :, 2 - y : 2 - y + height, 2 - x : 2 - x + width]
            total[:, 2 - y : 5 - y, 2 - x : 5 - x] += part
    return total.flatten(1, 2) / superpixel_sizes(q, cell).clamp(min=EPS)


def superpixel_regions(q: Tensor, cell: int) -> Tensor:
    """Return the superpixel that each pixel belongs to most.

    Args:
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.

    Returns:
        int64 ``(N, H, W)``, 0..h*w-1, cells of the grid row by row; not each of them need occur.

    Example:
        >>> q = associate(torch.zeros(1, 9, 4, 4), 2)
        >>> superpixel_regions(q, 2)[0, :, 0]  # of equal shares the first
        tensor([0, 0, 0, 0])
    """
    height, width = _grid(q, cell)
    best = q.argmax(1)
    rows = torch.arange(q.shape[2], device=q.device)[:, None] // cell + best // 3 - 1
    columns = torch.arange(q.shape[3], device=q.device) // cell + best % 3 - 1
    return rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)


def walk_superpixels(affinity: Tensor, scores: Tensor, steps: int) -> Tensor:
    """Return scores after steps of ``P_s <- sum_t A_st P_t``.

    One step after the other: each is a banded product, and for the 20 to 40 steps of SP-CAM that is
    less work than powers of the affinity, whose bands grow with them.

    Args:
        affinity: float ``(N, 25, h, w)``, see :func:`superpixel_affinity`.
        scores: float ``(N, K, h, w)``.
        steps: At least 0.

    Returns:
        float ``(N, K, h, w)``.

    Raises:
        ValueError: If sizes do not fit or ``steps`` is negative.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> walk_superpixels(superpixel_affinity(q, 4), torch.rand(1, 21, 2, 3), 20).shape
        torch.Size([1, 21, 2, 3])
    """
    if scores.shape[0] != affinity.shape[0] or scores.shape[2:] != affinity.shape[2:]:
        raise ValueError(
            f'scores {tuple(scores.shape)} are not those of the affinities {tuple(affinity.shape)}'
        )
    if steps < 0:
        raise ValueError(f'steps must be at least 0, got {steps}')
    scores = _precise(scores)
    batch, channels, height, width = scores.shape
    rows = _row_matrices(affinity.to(scores))
    for _ in range(steps):
        # the rows of the grid that a row meets lie one after the other
        near = F.pad(scores, (0, 0, REACH, REACH)).flatten(2).unfold(2, rows.shape[1], width)
        scores = product(near.transpose(1, 2).reshape(-1, channels, rows.shape[1]), rows)
        scores = scores.view(batch, height, channels, width).transpose(1, 2)
    return scores.contiguous()


def _row_matrices(affinity: Tensor) -> Tensor:
    """Return ``(N, 25, h, w)`` as a matrix from five rows of the grid to the middle one.

    Returns:
        ``(N h, 5 w, w)``.
    """
    batch, _, height, width = affinity.shape
    window, reach = 2 * REACH + 1, min(REACH, width - 1)
    near = affinity.reshape(batch, window, window, height, width).transpose(1, 3)
    rows = near.new_zeros(batch, height, window, width, width)
    for x in range(-reach, reach + 1):
        part = near[:, :, x + REACH, :, max(-x, 0) : width - max(x, 0)]
        rows.diagonal(x, 4, 3).copy_(part)
    return rows.view(batch * height, window * width, width)


def superpixels_to_pixels(
    values: Tensor, q: Tensor, cell: int, steps: int = 0, upsample: bool = True
) -> Tensor:
    """Let values of superpixels walk, and bring them to pixels.

    Args:
        values: float ``(N, C, h, w)``.
        q: Association ``(N, 9, H, W)``.
        cell: ``S``.
        steps: Of the walk, see :func:`walk_superpixels`.
        upsample: Pixels take from their superpixels; False interpolates the grid.

    Returns:
        float ``(N, C, H, W)``.

    Example:
        >>> q = associate(torch.zeros(1, 9, 8, 12), 4)
        >>> superpixels_to_pixels(torch.rand(1, 3, 2, 3), q, 4, steps=2).shape
        torch.Size([1, 3, 8, 12])
    """
    if steps:
        values = walk_superpixels(superpixel_affinity(q, cell), values, steps)
    if upsample:
        return superpixel_unpool(values, q, cell)
    return F.interpolate(values, q.shape[2:], mode='bilinear', align_corners=False)


def alike(values: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in the higher of their precisions, in float32 at least.

    Args:
        values: float, of any shape.
        q: float, of any shape.

    Returns:
        Both, of one dtype.
    """
    values, q = _precise(values), _precise(q)
    dtype = torch.promote_types(values.dtype, q.dtype)
    return values.to(dtype), q.to(dtype)


def _grid(q: Tensor, cell: int) -> tuple[int, int]:
    """Return ``(h, w)``."""
    height, width = q.shape[2:]
    if q.shape[1] != 9 or height % cell or width % cell:
        raise ValueError(
            f'an association is (N, 9, H, W) with sides that are multiples of {cell}, got '
            f'{tuple(q.shape)}. Pad images to whole cells.'
        )
    return height // cell, width // cell


def _inside(like: Tensor, height: int, width: int) -> Tensor:
    """Return ``(1, 9, h, w)``: 1 where a cell has such a neighbour."""
    return F.unfold(like.new_ones(1, 1, height, width), 3, padding=1).view(1, 9, height, width)


def _precise(values: Tensor) -> Tensor:
    """Return at least float32: sums over hundreds of pixels lose digits in half precision."""
    return values if values.dtype == torch.float64 else values.float()
