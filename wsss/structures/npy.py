# SPDX-License-Identifier: Apache-2.0
"""Arrays in the ``.npy`` format from anyone, without pickle."""

from __future__ import annotations

from math import prod
from typing import IO

import numpy as np


def read_npy(file: IO[bytes], name: str, size: int, kinds: str, ndim: int) -> np.ndarray:
    """Read one array whose declared size has to be that of the file.

    ``numpy.load`` makes room for whatever a header declares.

    Args:
        file: At the start of the array.
        name: For messages.
        size: Bytes that the array takes with its header.
        kinds: Allowed kinds of numbers, as in ``dtype.kind``.
        ndim: Dimensions it must have.

    Raises:
        ValueError: If it is another array, or none.
    """
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f'{name} is of another version of the format')
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in kinds or len(shape) != ndim or by_column:
        raise ValueError(f'{name} is {dtype} {shape}, not {"/".join(kinds)} in {ndim} dimensions')
    length = prod(shape) * dtype.itemsize
    if file.tell() + length != size:
        raise ValueError(f'{name} says {shape}, its entry has {size} bytes')
    return np.frombuffer(file.read(length), dtype).reshape(shape)
