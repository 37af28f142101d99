# SPDX-License-Identifier: Apache-2.0
"""From the label ids of masks to the image-level classes of an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from ..structures import BACKGROUND, UNLABELLED


def mask_to_classes(
    mask: np.ndarray, present: Sequence[int], class_to_label: Sequence[int]
) -> np.ndarray:
    """Return the class of every pixel of a label map, as far as the image's labels tell.

    Where classes share a label (breeds whose pixels are all pet), the one that is present is meant.

    Args:
        mask: uint8 ``(H, W)``: 0 background, 1..K classes, 255 ignore.
        present: Ids of the present classes, 0-based.
        class_to_label: The label id of every image-level class.

    Returns:
        int16 ``(H, W)``: class id, ``BACKGROUND``, or ``UNLABELLED`` for 255 and for labels that
        are not among those of the image.

    Raises:
        DataError: If a label in the mask could be several of the present classes.

    Example:
        >>> mask_to_classes(np.array([[0, 1, 255]], np.uint8), [7], [1] * 37)
        array([[-1,  7, -2]], dtype=int16)
    """
    present = np.asarray(present, dtype=np.int16)
    labels = np.asarray(class_to_label)[present]
    table = np.full(256, UNLABELLED, np.int16)
    table[0] = BACKGROUND
    table[labels] = present
    shared = np.flatnonzero(np.bincount(labels, minlength=1) > 1)
    unclear = np.intersect1d(shared, mask)
    if len(unclear):
        label = int(unclear[0])
        raise DataError(
            f'pixels of the label {label} could be of the classes '
            f'{present[labels == label].tolist()}, which are all present in the image. Use a data '
            'set whose masks tell them apart, or images of one class.'
        )
    return table[mask]
