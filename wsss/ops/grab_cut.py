# SPDX-License-Identifier: Apache-2.0
"""GrabCut inside of boxes."""

from __future__ import annotations

import cv2
import numpy as np

ITERATIONS = 5


def grab_cut(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the object inside of a region by GrabCut.

    C. Rother, V. Kolmogorov, A. Blake, "GrabCut: Interactive Foreground Extraction using Iterated
    Graph Cuts", SIGGRAPH 2004. Where it cannot tell (the region covers all of the image or is a few
    pixels) or finds nothing, the region itself is returned. It sets the seed of OpenCV's generator,
    which it draws from, so that the result repeats.

    Args:
        image: uint8 RGB ``(H, W, 3)``.
        inside: bool ``(H, W)``; outside is background.

    Returns:
        bool ``(H, W)``, a part of ``inside``.
    """
    mask = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(image, mask, None, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # too few pixels on one side for its colour models
        return inside
    found = mask == cv2.GC_PR_FGD
    return found if found.any() else inside
