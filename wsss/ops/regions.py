# SPDX-License-Identifier: Apache-2.0
"""Connected regions of label maps: keep the large ones, close the holes.

Works on all labels of an image at once. Regions of a class hang together over corners, those of the
background over edges only, so that a closed outline of single pixels does enclose a hole.
"""

from __future__ import annotations

import numpy as np
from skimage.measure import label as connected

from .confusion import IGNORE


def keep_regions(labels: np.ndarray, min_pixels: float = 0, largest: bool = False) -> np.ndarray:
    """Return the label map without the small regions of classes, which become background.

    Args:
        labels: uint8 ``(H, W)``; pixels of 255 stay as they are and separate regions.
        min_pixels: Regions with fewer pixels go.
        largest: Keep only the largest region of each label; of equal ones that whose first pixel
            comes first, row by row.

    Returns:
        uint8 ``(H, W)``, a copy.

    Example:
        >>> keep_regions(np.array([[1, 0, 1, 1]], dtype=np.uint8), largest=True)
        array([[0, 0, 1, 1]], dtype=uint8)
    """
    kept = labels.copy()
    foreground = (labels != 0) & (labels != IGNORE)
    if not foreground.any():
        return kept
    regions = connected(np.where(foreground, labels, 0), background=0, connectivity=2)
    ids, first, areas = np.unique(regions, return_index=True, return_counts=True)
    own = labels.ravel()[first]
    stays = areas >= min_pixels
    if largest:
        order = np.lexsort((-first, areas, own))
        last_of_label = np.append(own[order][1:] != own[order][:-1], True)
        best = np.zeros(len(ids), dtype=bool)
        best[order[last_of_label]] = True
        stays &= best
    table = np.zeros(int(ids[-1]) + 1, dtype=bool)
    table[ids] = stays
    kept[foreground & ~table[regions]] = 0
    return kept


def fill_holes(labels: np.ndarray) -> np.ndarray:
    """Return the label map with the holes of classes closed.

    A hole is a region of background that does not reach the frame of the image and touches one
    class only; it gets the label of that class. Holes that touch two classes, or pixels of 255, are
    nobody's and stay.

    Args:
        labels: uint8 ``(H, W)``.

    Returns:
        uint8 ``(H, W)``, a copy.
    """
    filled = labels.copy()
    regions, count = connected(labels == 0, background=0, connectivity=1, return_num=True)
    if count == 0:
        return filled
    # the smallest and the largest label beside each region; the frame counts as 255
    smallest = np.full(count + 1, IGNORE, dtype=np.uint8)
    largest = np.zeros(count + 1, dtype=np.uint8)
    frame = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    largest[frame] = IGNORE
    for inside, beside in _neighbours(regions, labels):
        touching = (inside > 0) & (beside > 0)
        np.minimum.at(smallest, inside[touching], beside[touching])
        np.maximum.at(largest, inside[touching], beside[touching])
    table = np.where((smallest == largest) & (largest != IGNORE), largest, 0).astype(np.uint8)
    table[0] = 0
    hole = labels == 0
    filled[hole] = table[regions[hole]]
    return filled


def _neighbours(regions: np.ndarray, labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the four pairs of views (pixel's region, label of the pixel next to it)."""
    return [
        (regions[:, :-1], labels[:, 1:]),
        (regions[:, 1:], labels[:, :-1]),
        (regions[:-1], labels[1:]),
        (regions[1:], labels[:-1]),
    ]
