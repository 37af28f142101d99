# SPDX-License-Identifier: Apache-2.0
"""Arrays out of a parameter file of MXNet, without MXNet.

The file may come from anyone: what it says about itself is compared with its size before anything
is made of it, so that memory is bounded by a small multiple of the size of the file.
"""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import CheckpointError, DataError
from ..fileio import check_plain

_LIST = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA  # a file before them starts with the shape
_DTYPES = {0: '<f4', 1: '<f8', 2: '<f2'}
_MAX_ARRAYS = 100_000
_MAX_DIMS = 8
_MAX_NAME = 1024


def is_mxnet_file(path: str | Path) -> bool:
    """Return whether a file starts as a list of arrays of MXNet does."""
    with open(path, 'rb') as file:
        return file.read(8) == struct.pack('<Q', _LIST)


def read_mxnet_file(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file of ``mxnet.nd.save``, such as ``model-0001.params``.

    Args:
        path: The file, of any version of MXNet.

    Returns:
        Name as stored (``arg:`` or ``aux:`` before it in checkpoints) -> array as stored: float16,
        float32 or float64.

    Raises:
        CheckpointError: If the file is missing or damaged, or has arrays without names, sparse or
            empty ones, or such of other numbers.
    """
    try:
        size = check_plain(path, f'weights file {path}')
        with open(path, 'rb') as file:
            return _read(_Content(file, size))
    except FileNotFoundError as error:
        raise CheckpointError(f'weights file {path} does not exist.') from error
    except DataError as error:
        raise CheckpointError(str(error)) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f'weights file {path} is not a parameter file of MXNet that can be used: {error}. Is '
            'the download complete?'
        ) from error


class _Content:
    """What is left of a file."""

    def __init__(self, file: BinaryIO, size: int):
        self.file = file
        self.left = size

    def take(self, count: int) -> bytes:
        """Return the next bytes; more than there are is refused before memory is asked for."""
        data = self.file.read(count) if count <= self.left else b''
        if len(data) != count:
            raise ValueError('it is cut off, or a size in it is damaged')
        self.left -= count
        return data

    def numbers(self, form: str) -> tuple[int, ...]:
        """Return the next numbers, as in :mod:`struct`."""
        return struct.unpack(f'<{form}', self.take(struct.calcsize(f'<{form}')))

    def number(self, form: str) -> int:
        """Return the next number."""
        return self.numbers(form)[0]


def _read(content: _Content) -> dict[str, np.ndarray]:
    if content.number('Q') != _LIST:
        raise ValueError('it does not start with the magic number of a list of arrays')
    content.number('Q')  # reserved
    count = content.number('Q')
    if count > _MAX_ARRAYS:
        raise ValueError(f'it says that it has {count} arrays')
    arrays = [_read_array(content, f'array {index}') for index in range(count)]
    if content.number('Q') != count:
        raise ValueError('it has not one name for each array')
    found = dict(zip([_read_name(content) for _ in range(count)], arrays))
    if len(found) != count:
        raise ValueError('two arrays have the same name')
    if content.left:
        raise ValueError(f'{content.left} bytes follow the last name')
    return found


def _read_array(content: _Content, name: str) -> np.ndarray:
    magic = content.number('I')
    if magic in (_V2, _V3) and content.number('i') != 0:
        raise ValueError(f'{name} is sparse')
    known = magic in (_V1, _V2, _V3)
    dims = content.number('I') if known else magic
    if not 0 < dims <= _MAX_DIMS:
        raise ValueError(f'{name} has {dims} dimensions')
    shape = content.numbers(f'{dims}{"q" if known else "I"}')
    if min(shape) < 1:
        raise ValueError(f'{name} has the shape {shape}')
    content.numbers('ii')  # the device it was on
    kind = content.number('i')
    if kind not in _DTYPES:
        raise ValueError(f'{name} has numbers of type {kind}, which are no floating point numbers')
    dtype = np.dtype(_DTYPES[kind])
    return np.frombuffer(content.take(prod(shape) * dtype.itemsize), dtype).reshape(shape)


def _read_name(content: _Content) -> str:
    length = content.number('Q')
    if length > _MAX_NAME:
        raise ValueError(f'a name has {length} bytes')
    return content.take(length).decode()
