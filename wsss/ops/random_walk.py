# SPDX-License-Identifier: Apache-2.0
"""Random walks on affinities, without the power of a matrix."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from .chebyshev import power_coefficients
from .pairs import Offset


def grid_matrix(weights: Tensor, offsets: Sequence[Offset]) -> Tensor:
    """Return the symmetric sparse matrix of a grid's pairs, with ones on the diagonal.

    Args:
        weights: float ``(P, H, W)`` or ``(N, P, H, W)``: the weight of the pair that begins in each
            cell. What leaves the grid is not looked at.
        offsets: The P offsets, ``dy >= 0``, each pair once.

    Returns:
        Sparse CSR ``(N H W, N H W)``; grids of a batch do not meet. It takes 8 bytes for each of
        at most ``(2 P + 1) N H W`` entries.

    Example:
        >>> grid_matrix(torch.full((1, 1, 3), 0.5), [(0, 1)]).to_dense()
        tensor([[1.0000, 0.5000, 0.0000],
                [0.5000, 1.0000, 0.5000],
                [0.0000, 0.5000, 1.0000]])
    """
    weights = weights[None] if weights.ndim == 3 else weights
    batch, pairs, height, width = weights.shape
    cells = height * width
    device = weights.device
    # every neighbour of a cell in the order of its number, the cell itself in the middle
    both = torch.tensor([*((-dy, -dx) for dy, dx in offsets), (0, 0), *offsets], device=device)
    plane = torch.tensor([*range(pairs), pairs, *range(pairs)], device=device)
    back = torch.arange(2 * pairs + 1, device=device) < pairs
    order = torch.argsort(both[:, 0] * (2 * width + 2 * int(both.abs().max()) + 1) + both[:, 1])
    both, plane, back = both[order], plane[order], back[order]
    y = torch.arange(height, device=device).view(-1, 1, 1) + both[:, 0]
    x = torch.arange(width, device=device).view(1, -1, 1) + both[:, 1]
    inside = ((y >= 0) & (y < height) & (x >= 0) & (x < width)).expand(height, width, -1)
    step = both[:, 0] * width + both[:, 1]
    cell = torch.arange(cells, device=device).view(height, width, 1)
    # a pair is stored where it begins: in the neighbour, for those before the cell
    source = torch.where(back, cell + step, cell) + plane * cells
    columns = (cell + step)[inside]
    counts = inside.sum(-1).flatten()
    ones = weights.new_ones(batch, 1, height, width)
    values = torch.cat([weights, ones], dim=1).view(batch, -1)[:, source[inside]]
    starts = torch.arange(batch, device=device).view(-1, 1)
    rows = torch.zeros(batch * cells + 1, dtype=torch.int64, device=device)
    rows[1:] = counts.repeat(batch).cumsum(0)
    # 32 bits are what the fast products take
    return _csr(
        rows.int(),
        (columns + starts * cells).flatten().int(),
        values.flatten(),
        batch * cells,
    )


def random_walk(
    affinity: Tensor, scores: Tensor, steps: int, power: float = 1, tolerance: float = 1e-7
) -> Tensor:
    """Spread scores over nodes by ``steps`` steps of a random walk: ``scores T^steps``.

    ``T = A^power / column sums``, the power taken of each entry: every new score is a convex
    combination of scores. As A is symmetric, T is similar to the symmetric
    ``S = D^-1/2 A D^-1/2`` with eigenvalues in [-1, 1], and its power a short sum of Chebyshev
    polynomials, each one sparse product from the two before it: about 85 products for 256 steps,
    and of the order of ``sqrt(steps)`` for more, instead of the powers of a dense matrix.

    Args:
        affinity: Symmetric ``(N, N)`` with entries >= 0 and a positive sum in each row, sparse
            (CSR, COO) or dense: :func:`grid_matrix`, a graph of superpixels, a symmetrised
            attention matrix.
        scores: float ``(K, N)``.
        steps: At least 0; 0 returns the scores.
        power: Of each entry, AffinityNet's beta.
        tolerance: Sum of the polynomials left out.

    Returns:
        float ``(K, N)``.

    Raises:
        ValueError: If shapes do not fit each other, ``steps`` is negative, or affinities are not as
            said above.
    """
    if affinity.ndim != 2 or affinity.shape[0] != affinity.shape[1]:
        raise ValueError(f'affinity must be (N, N), got {tuple(affinity.shape)}')
    if scores.ndim != 2 or scores.shape[1] != affinity.shape[0]:
        raise ValueError(
            f'scores must be (K, {affinity.shape[0]}) for {affinity.shape[0]} nodes, got '
            f'{tuple(scores.shape)}'
        )
    coefficients = power_coefficients(steps, tolerance)
    laplacian, root = _laplacian(affinity, power)
    # ones walk along: they stay ones but for the rounding of the matrix, which all rows share
    ones = scores.new_ones(1, scores.shape[1])
    # nodes first: a product reads whole rows
    current = (torch.cat([scores, ones]) * root).T.contiguous()
    total = coefficients[0] * current
    change = torch.zeros_like(current)
    for k, coefficient in enumerate(coefficients[1:], start=1):
        # T_k - T_(k - 1) = T_(k - 1) - T_(k - 2) + 2 (x - 1) T_(k - 1): differences from x = 1,
        # where the eigenvalues of cells that hardly move lie, keep their digits (Reinsch)
        change = torch.addmm(change, laplacian, current, alpha=1 if k == 1 else 2)
        current = current + change
        if coefficient:
            total.add_(current, alpha=coefficient)
    total = total.T
    return total[:-1] / total[-1]


def _laplacian(affinity: Tensor, power: float) -> tuple[Tensor, Tensor]:
    """Return ``D^-1/2 A D^-1/2 - 1`` of the powers of A, and the square roots of its row sums.

    Its diagonal is computed from the other entries of a row, not as a difference of numbers near 1.
    """
    if affinity.layout == torch.strided:
        powers = affinity**power
        own = powers.diagonal().clone()
        powers.fill_diagonal_(0)
        others = powers.sum(0)
        whole = others + own
        _check_affinities(affinity, whole)
        root = whole.sqrt()
        scaled = powers / (root * root[:, None])
        scaled.diagonal().copy_(-others / whole)
        return scaled, root
    affinity = _with_diagonal(affinity)
    rows, columns, values = affinity.crow_indices(), affinity.col_indices(), affinity.values()
    row = _row_numbers(rows, columns)
    powers = values if power == 1 else values**power
    diagonal = row == columns
    others = powers.new_zeros(len(affinity)).index_add_(0, row, powers.masked_fill(diagonal, 0))
    whole = others + powers[diagonal]
    _check_affinities(values, whole)
    root = whole.sqrt()
    scaled = powers / (root[row] * root[columns])
    scaled[diagonal] = -others / whole
    return _csr(rows, columns, scaled, len(root)), root


def _check_affinities(values: Tensor, sums: Tensor) -> None:
    if not bool((values.min() >= 0) & (sums.min() > 0) & sums.isfinite().all()):
        raise ValueError(
            'affinities must be at least 0 and finite, with a positive sum in each row; the least '
            f'is {float(values.min()):g}, the least sum of their powers {float(sums.min()):g}'
        )


def _with_diagonal(affinity: Tensor) -> Tensor:
    """Return the sparse matrix as CSR with an entry for each node itself, 0 where it had none."""
    if affinity.layout == torch.sparse_csr:
        rows, columns = affinity.crow_indices(), affinity.col_indices()
        if int((_row_numbers(rows, columns) == columns).sum()) == len(affinity):
            return affinity
    count = len(affinity)
    zeros = torch.sparse_coo_tensor(
        torch.arange(count, device=affinity.device).expand(2, -1),
        torch.zeros(count, dtype=affinity.dtype, device=affinity.device),
        affinity.shape,
        check_invariants=False,
    )
    whole = (affinity.to_sparse_coo() + zeros).coalesce()
    row, column = whole.indices()
    rows = torch.bincount(row, minlength=count).cumsum(0)
    return _csr(torch.cat([rows.new_zeros(1), rows]), column, whole.values(), count)


def _row_numbers(rows: Tensor, columns: Tensor) -> Tensor:
    number = torch.arange(len(rows) - 1, dtype=columns.dtype, device=rows.device)
    return torch.repeat_interleave(number, rows.diff(), output_size=len(columns))


def _csr(rows: Tensor, columns: Tensor, values: Tensor, size: int) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Sparse CSR tensor support is in beta')
        return torch.sparse_csr_tensor(
            rows, columns, values, size=(size, size), check_invariants=False
        )
