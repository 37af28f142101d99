# SPDX-License-Identifier: Apache-2.0
"""Label maps of one image that need not say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .confusion import IGNORE


def agreed_labels(labels: Sequence[np.ndarray], ignore: str = 'any') -> np.ndarray:
    """Return the labels on which all members agree, 255 where they do not.

    Args:
        labels: Label maps, each uint8 ``(H, W)``, at least one.
        ignore: What 255 in a member means: ``any`` makes it 255 in the result; ``all`` lets the
            member abstain, so that the result is 255 only where the others differ or none is left.

    Returns:
        uint8 ``(H, W)``.

    Example:
        >>> members = [np.array([[1, 1, 255]], np.uint8), np.array([[1, 2, 2]], np.uint8)]
        >>> agreed_labels(members).tolist(), agreed_labels(members, 'all').tolist()
        ([[1, 255, 255]], [[1, 255, 2]])
    """
    stacked = np.stack(tuple(labels))
    # 255 is the largest id: the smallest of all is that of a member that knows, if there is one
    lowest = stacked.min(axis=0)
    same = stacked == lowest
    if ignore == 'all':
        same |= stacked == IGNORE
    return np.where(same.all(axis=0), lowest, np.uint8(IGNORE))
