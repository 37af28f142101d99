# SPDX-License-Identifier: Apache-2.0
"""Segmentations that people have drawn, as BSDS500 stores them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import DataError
from .converters.mat5 import read_mat_cells, whole_numbers

MAX_REGIONS = 1 << 16


def read_human_regions(path: str | Path, size: tuple[int, int]) -> np.ndarray:
    """Read the segmentations of one image.

    Args:
        path: A MATLAB file whose ``groundTruth`` is a list of structures, one of each person, with
            ``Segmentation``. Nothing but numbers is made of the file.
        size: ``(H, W)`` of the image.

    Returns:
        int32 ``(A, H, W)``, at least one; ids below 65536.

    Raises:
        DataError: If the file is missing, damaged or holds something else.
    """
    people = read_mat_cells(path).get('groundTruth')
    try:
        if not people:
            raise ValueError('it has no groundTruth of at least one person')
        maps = [whole_numbers(person['Segmentation']) for person in people]
        if any(each.max(initial=0) >= MAX_REGIONS for each in maps):
            raise ValueError(f'its ids are not below {MAX_REGIONS}')
    except (KeyError, ValueError) as error:
        reason = 'a person has no Segmentation' if isinstance(error, KeyError) else str(error)
        raise DataError(
            f'{path} is not a file of human segmentations: {reason}. It must hold '
            'groundTruth{i}.Segmentation as in BSDS500.'
        ) from error
    other = next((each.shape for each in maps if each.shape != tuple(size)), None)
    if other is not None:
        raise DataError(
            f'{path} holds a segmentation of {other[0]} x {other[1]} pixels (height x width), its '
            f'image is {size[0]} x {size[1]}. They must be equal.'
        )
    return np.stack(maps).astype(np.int32)
