# SPDX-License-Identifier: Apache-2.0
"""What an annotator might have marked, made from a map of classes."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.measure import label as connected
from skimage.morphology import skeletonize


def split_objects(classes: np.ndarray, min_area: int) -> tuple[np.ndarray, np.ndarray]:
    """Split a map of classes into connected regions (8 neighbours).

    Args:
        classes: int ``(H, W)``; below 0 belongs to no object.
        min_area: Smaller regions are left out, but for the largest of each class.

    Returns:
        regions: int32 ``(H, W)``, 1..R, 0 outside.
        owners: ``(R,)``, class of each region.
    """
    found = np.where(classes < 0, 0, connected(classes, background=-1, connectivity=2))
    ids, first, areas = np.unique(found, return_index=True, return_counts=True)
    inside = ids > 0
    owners, areas = classes.ravel()[first[inside]], areas[inside]
    order = np.lexsort((-areas, owners))
    keep = areas >= min_area
    keep[order[np.unique(owners[order], return_index=True)[1]]] = True
    table = np.zeros(int(ids[-1]) + 1, np.int32)
    table[ids[inside][keep]] = np.arange(1, int(keep.sum()) + 1)
    return table[found], owners[keep]


def tight_boxes(regions: np.ndarray) -> np.ndarray:
    """Return the smallest boxes around the regions 1..R, float ``(R, 4)``: x1, y1, x2, y2.

    Args:
        regions: int ``(H, W)``; ids without a pixel are left out.
    """
    found = [where for where in ndimage.find_objects(regions) if where is not None]
    rows = [(x.start, y.start, x.stop, y.stop) for y, x in found]
    return np.array(rows, np.float64).reshape(-1, 4)


def sample_pixels(regions: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``number`` random pixels of each region.

    Args:
        regions: int ``(H, W)``, 1..R, 0 outside.
        number: For each region; one with fewer pixels gives all.
        rng: Draws one number for each pixel inside.

    Returns:
        int ``(P, 2)``: y, x, sorted by region.
    """
    pixels = np.flatnonzero(regions)
    owners = regions.ravel()[pixels]
    chosen = _first_of_each(owners, rng.random(len(pixels)), np.full(regions.max() + 1, number))
    return np.stack(np.unravel_index(pixels[chosen], regions.shape), axis=1)


def draw_strokes(regions: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Return a part of the skeleton of each region: the pixels nearest to a random one of them.

    Args:
        regions: int32 ``(H, W)``, 1..R, 0 outside.
        fraction: Of the skeleton's pixels, in (0, 1]; rounded up.
        rng: For the random pixels.

    Returns:
        bool ``(H, W)``.
    """
    # one pixel of the lower of two regions that touch goes, so that their skeletons do not merge
    apart = (regions > 0) & (ndimage.maximum_filter(regions, size=3) == regions)
    skeleton = regions * skeletonize(apart)
    starts = sample_pixels(skeleton, 1, rng)
    strokes = np.zeros(regions.shape, bool)
    y, x = np.nonzero(skeleton)
    if len(y):
        owners = skeleton[y, x]
        start = np.zeros((int(owners.max()) + 1, 2))
        start[skeleton[tuple(starts.T)]] = starts
        distance = np.hypot(y - start[owners, 0], x - start[owners, 1])
        numbers = np.ceil(fraction * np.bincount(owners)).astype(int)
        chosen = _first_of_each(owners, distance, numbers)
        strokes[y[chosen], x[chosen]] = True
    return strokes


def _first_of_each(owners: np.ndarray, values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the indices of the ``numbers[owner]`` smallest values of each owner."""
    order = np.lexsort((values, owners))
    sorted_owners = owners[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_owners, sorted_owners)
    return order[rank < numbers[sorted_owners]]
