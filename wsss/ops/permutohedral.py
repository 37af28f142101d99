# SPDX-License-Identifier: Apache-2.0
"""The permutohedral lattice: Gaussian filtering of scattered points, without compiled code."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ..errors import DataError

# bits of an int64 that may number vertices
MAX_BITS = 62


class PermutohedralLattice:
    """Approximate ``sum_j exp(-|f_i - f_j|^2 / 2) v_j`` for N points in time linear in N.

    A. Adams, J. Baek, M. A. Davis, "Fast High-Dimensional Filtering Using the Permutohedral
    Lattice", Computer Graphics Forum 29(2), 2010: a point is spread onto the ``d + 1`` corners of
    its simplex (splat), each axis of the lattice is blurred with (1/2, 1, 1/2), and read back
    (slice). The result is a constant times the sum, which symmetric normalisation takes out.

    The lattice depends on the points only; any number of signals go through it. Splat, blur and
    slice are sparse matrix products, in this order in ``products``; points of one simplex share the
    search for its corners.

    Args:
        features: float ``(d, N)``, the points, divided by the standard deviations.

    Raises:
        DataError: If a feature is not finite or so large that vertices cannot be numbered.

    Example:
        >>> lattice = PermutohedralLattice(np.zeros((2, 3), np.float32))
        >>> bool(np.ptp(lattice.filter(np.ones((3, 1), np.float32))) == 0)
        True
    """

    def __init__(self, features: np.ndarray):
        features = np.asarray(features, np.float32)
        if features.ndim != 2 or 0 in features.shape:
            raise ValueError(f'features must be (d, N), got {features.shape}')
        if not np.isfinite(features).all():
            raise DataError('the features of a lattice must be finite')
        weights, base, rank = _simplices(features)
        corners, blurs = _number_corners(base, rank)
        dimensions, count = features.shape
        self.num_vertices = blurs[0].shape[0]
        rows = np.arange(0, (dimensions + 1) * count + 1, dimensions + 1, dtype=np.int32)
        read = csr_array((weights.ravel(), corners.ravel(), rows), shape=(count, self.num_vertices))
        self.products = [read.T, *blurs, read]

    def filter(self, values: np.ndarray) -> np.ndarray:
        """Filter C signals.

        Args:
            values: float32 ``(N, C)``.

        Returns:
            float32 ``(N, C)``.
        """
        for product in self.products:
            values = product @ values
        return values


def _simplices(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the simplex around each point.

    Returns:
        Weights float32 ``(N, d + 1)`` of its corners (of remainder 0 to d), and what names it: the
        corner of remainder 0 divided by d + 1, int32 ``(d + 1, N)``, and the rank of each
        coordinate of the rest, int8 ``(d + 1, N)``.
    """
    d, count = features.shape
    # a blur of (1/2, 1, 1/2) has variance 1/2 along each axis, splat and slice add 1/6
    scale = np.float32(np.sqrt(2 / 3) * (d + 1)) / np.sqrt(
        np.arange(1, d + 1, dtype=np.float32) * np.arange(2, d + 2, dtype=np.float32)
    )
    # onto the plane of sum 0, in units of d + 1
    elevated = np.empty((d + 1, count), np.float32)
    total = np.zeros(count, np.float32)
    for j in range(d, 0, -1):
        scaled = features[j - 1] * scale[j - 1]
        np.subtract(total, j * scaled, out=elevated[j])
        total += scaled
    elevated[0] = total
    elevated *= np.float32(1 / (d + 1))
    nearest = np.rint(elevated)
    rest = elevated - nearest
    surplus = nearest.sum(axis=0).astype(np.int8)
    base = nearest.astype(np.int32)
    rank = np.empty((d + 1, count), np.int8)
    rank[:] = surplus
    for i in range(d):
        for j in range(i + 1, d + 1):
            below = rest[i] < rest[j]
            rank[i] += below
            rank[j] += ~below
    # the nearest point may lie off the plane: those with the largest error are moved back on it
    shift = (rank < 0).view(np.int8) - (rank > d).view(np.int8)
    rank += shift * np.int8(d + 1)
    base += shift
    rest -= shift
    ordered = _descending(list(rest))
    weights = np.empty((count, d + 1), np.float32)
    weights[:, 0] = 1 + ordered[d] - ordered[0]
    for k in range(1, d + 1):
        np.subtract(ordered[d - k], ordered[d - k + 1], out=weights[:, k])
    return weights, base, rank


def _descending(rows: list[np.ndarray]) -> list[np.ndarray]:
    """Sort across few rows: a network of exchanges is much faster than a sort of each column."""
    rows = list(rows)
    for end in range(len(rows) - 1, 0, -1):
        for i in range(end):
            rows[i], rows[i + 1] = (
                np.maximum(rows[i], rows[i + 1]),
                np.minimum(rows[i], rows[i + 1]),
            )
    return rows


def _number_corners(base: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, list[csr_array]]:
    """Number the corners of all simplices.

    Returns:
        int32 ``(N, d + 1)``, the corners of each point's simplex, and for each axis the blur.
    """
    d = len(base) - 1
    # a vertex is known by its first d coordinates; one number for all, such that adding the
    # number of a step leads to the neighbour; two more on each side, as neighbours are looked for
    low = base[:d].min(axis=1).astype(np.int64) * (d + 1) - 2 * (d + 1)
    high = (base[:d].max(axis=1).astype(np.int64) + 1) * (d + 1) + 2 * (d + 1)
    radix = np.concatenate([[1], np.cumprod((high - low + 1).astype(object))])
    permutations = (d + 1) ** d
    if int(radix[-1]) * permutations >= 2**MAX_BITS:
        raise DataError(
            'the points of a lattice lie too far apart to be numbered: divide them by larger '
            'standard deviations'
        )
    radix = radix.astype(np.int64)[:d]
    origin = ((base[:d].astype(np.int64) * (d + 1) - low[:, None]) * radix[:, None]).sum(axis=0)
    order = np.zeros(base.shape[1], np.int64)
    for i in range(d):
        order += rank[i] * np.int64((d + 1) ** i)
    simplices, simplex = _unique(origin * permutations + order)
    origin, order = np.divmod(simplices, permutations)
    codes = np.empty((len(simplices), d + 1), np.int64)
    ranks = [order // (d + 1) ** i % (d + 1) for i in range(d)]
    for k in range(d + 1):
        codes[:, k] = origin + k * radix.sum()
        for i in range(d):
            codes[:, k] -= (ranks[i] > d - k) * ((d + 1) * radix[i])
    vertices, corners = _unique(codes.ravel())
    corners = corners.reshape(codes.shape)[simplex]
    steps = [radix.sum() - (d + 1) * radix[axis] for axis in range(d)] + [radix.sum()]
    return corners, [_blur(vertices, step) for step in steps]


def _unique(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted different codes and int32 which of them each is."""
    order = np.argsort(codes)
    ordered = codes[order]
    first = np.empty(len(codes), bool)
    first[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    inverse = np.empty(len(codes), np.int32)
    inverse[order] = np.cumsum(first, dtype=np.int32) - 1
    return ordered[first], inverse


def _blur(vertices: np.ndarray, step: int) -> csr_array:
    """Return the matrix of (1/2, 1, 1/2) along one axis; absent neighbours count as 0."""
    count = len(vertices)
    after = np.searchsorted(vertices, vertices + step)
    after[after == count] = 0
    found = np.flatnonzero(vertices[after] == vertices + step).astype(np.int32)
    after = after[found].astype(np.int32)
    own = np.arange(count, dtype=np.int32)
    half = np.full(len(found), 0.5, np.float32)
    return csr_array(
        (
            np.concatenate([np.ones(count, np.float32), half, half]),
            (np.concatenate([own, found, after]), np.concatenate([own, after, found])),
        ),
        shape=(count, count),
    )
