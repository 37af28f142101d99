# SPDX-License-Identifier: Apache-2.0
"""Fill polygons and run-length codes of MS-COCO."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

MAX_CROSSINGS = 50_000_000
"""Edges times rows of one polygon; more are refused."""


class Patch(NamedTuple):
    """Pixels of a region: bool ``(h, w)`` and where its first row and column lie."""

    inside: np.ndarray
    top: int
    left: int

    def paint(self, mask: np.ndarray, value: int) -> None:
        """Set the pixels of the region in ``mask`` ``(H, W)`` to ``value``."""
        height, width = self.inside.shape
        window = mask[self.top : self.top + height, self.left : self.left + width]
        window[self.inside] = value


def fill_polygon(points: np.ndarray, size: tuple[int, int]) -> Patch:
    """Return the pixels whose centre lies inside of a polygon (even-odd rule).

    Pixel ``(row, column)`` covers ``[column, column + 1) x [row, row + 1)``. Every edge is cut with
    the centre line of every row it spans; between an odd and an even cut a row is inside. A polygon
    may leave the image or cross itself.

    Args:
        points: float ``(P, 2)``, x and y; closed by itself.
        size: ``(H, W)`` of the image.

    Returns:
        The region, cut to the image; without pixels if no centre is inside.

    Raises:
        ValueError: If a coordinate is not finite or there are too many edges.
    """
    if not np.isfinite(points).all():
        raise ValueError('a polygon has a coordinate that is not finite')
    x, y = np.asarray(points, np.float64).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    first = np.clip(np.ceil(np.minimum(y, next_y) - 0.5), 0, size[0]).astype(np.int64)
    end = np.clip(np.ceil(np.maximum(y, next_y) - 0.5), 0, size[0]).astype(np.int64)
    counts = end - first
    total = int(counts.sum())
    if total > MAX_CROSSINGS:
        raise ValueError(f'a polygon of {len(x)} points crosses {total} rows')
    if not total:
        return Patch(np.zeros((0, 0), bool), 0, 0)
    edge = np.repeat(np.arange(len(x)), counts)
    row = first[edge] + np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (row + 0.5 - y[edge]) / (next_y - y)[edge]
    cross = x[edge] * (1 - share) + next_x[edge] * share
    column = np.clip(np.ceil(cross - 0.5), 0, size[1]).astype(np.int64)
    top, left = int(row.min()), int(column.min())
    height, width = int(row.max()) + 1 - top, int(column.max()) - left
    cuts = np.bincount(
        (row - top) * (width + 1) + column - left, minlength=height * (width + 1)
    ).reshape(height, width + 1)
    inside = (np.cumsum(cuts, axis=1)[:, :width] & 1).astype(bool)
    return Patch(inside, top, left)


def decode_counts(code: str) -> np.ndarray:
    """Return the run lengths of a compressed code.

    Each number is split into groups of five bits, lowest first, written as the character
    48 + group, plus 32 where another group follows; bit 4 of the last group is the sign. From the
    fourth number on the difference to the number two places before is stored.

    Raises:
        ValueError: If the text is no such code.
    """
    groups = np.frombuffer(code.encode('ascii', 'replace'), np.uint8).astype(np.int64) - 48
    if not len(groups):
        return np.zeros(0, np.int64)
    if groups.min() < 0 or groups.max() > 63 or groups[-1] & 32:
        raise ValueError('a compressed run-length code is damaged')
    last = np.flatnonzero((groups & 32) == 0)
    first = np.concatenate([[0], last[:-1] + 1])
    length = last - first + 1
    if length.max() > 8:
        raise ValueError('a compressed run-length code holds a number that is too large')
    place = 5 * (np.arange(len(groups)) - np.repeat(first, length))
    numbers = np.add.reduceat((groups & 31) << place, first)
    numbers -= np.where(groups[last] & 16, np.int64(1) << (5 * length), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def fill_runs(code: dict, size: tuple[int, int]) -> Patch:
    """Return the pixels of a run-length code, compressed (text) or not (list of lengths).

    Runs go down the columns and begin with one of pixels outside.

    Args:
        code: ``size`` (height, width) and ``counts``.
        size: ``(H, W)`` of the image, which the code must have.

    Raises:
        ValueError: If it is no such code, or does not fit.
    """
    if list(code['size']) != list(size):
        raise ValueError(f'a run-length code is of size {code["size"]}, its image of {list(size)}')
    counts = code['counts']
    runs = decode_counts(counts) if isinstance(counts, str) else np.array(counts, np.int64)
    pixels = size[0] * size[1]
    if runs.ndim != 1 or ((runs < 0) | (runs > pixels)).any() or runs.sum() != pixels:
        raise ValueError(f'the runs of a code do not add up to {size[0]} x {size[1]} pixels')
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(size[1], size[0]).T
    return Patch(inside, 0, 0)


def fill_outline(outline: Any, size: tuple[int, int]) -> list[Patch]:
    """Return the parts of an annotation: its polygons (float arrays ``x1, y1, x2, ...``) or runs.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(outline, dict):
        return [fill_runs(outline, size)]
    if not isinstance(outline, list):
        raise ValueError(f'an outline must be polygons or a run-length code, got {outline!r:.40}')
    patches = []
    for part in outline:
        points = np.asarray(part, np.float64)
        if points.ndim != 1 or len(points) % 2:
            raise ValueError('a polygon must be x1, y1, x2, y2, ...')
        if len(points) < 6:  # the release has some; they have no area
            continue
        patches.append(fill_polygon(points.reshape(-1, 2), size))
    return patches
