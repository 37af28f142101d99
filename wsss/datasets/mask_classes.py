# SPDX-License-Identifier: Apache-2.0
"""Which classes a mask shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .mask_io import read_mask


def classes_in_mask(path: str | Path, num_classes: int) -> list[int]:
    """Return the 0-based classes that have pixels in a mask.

    Raises:
        DataError: If the file is not a mask of label ids 0..num_classes and 255.
    """
    counts = np.bincount(read_mask(path, num_classes + 1).ravel(), minlength=256)
    return np.flatnonzero(counts[1 : num_classes + 1]).tolist()
