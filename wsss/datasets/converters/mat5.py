# SPDX-License-Identifier: Apache-2.0
"""Numbers out of MATLAB files of version 5, without building whatever else such a file describes.

A general reader makes the objects a file asks for, cell by cell and of any size. This one takes the
numeric fields of plain structures, passes over the rest unread, and bounds what is unpacked.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from ...errors import DataError
from ...fileio import read_bytes

MAX_BYTES = 64 << 20
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
_DTYPES = {
    1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8',
}  # fmt: skip
_CELL, _STRUCT = 1, 2
_NUMERIC = range(6, 16)
"""Classes of arrays: double, single, and the eight integers."""


_Value = TypeVar('_Value')


class _Element(NamedTuple):
    kind: int
    data: memoryview


def read_mat_structs(
    path: str | Path, max_bytes: int = MAX_BYTES
) -> dict[str, dict[str, np.ndarray]]:
    """Return the numeric fields of the structures in a file.

    Args:
        path: A file of ``save -v5``, ``-v6`` or ``-v7``.
        max_bytes: More, in the file or unpacked, is refused.

    Returns:
        Variable -> field -> array of at most two dimensions as stored. Only variables that are one
        structure, only fields that hold numbers; cells, sparse arrays, text and functions are left
        out.

    Raises:
        DataError: If the file is missing, damaged, of another version or too large.
    """
    return _read(path, max_bytes, _read_struct)


def read_mat_cells(
    path: str | Path, max_bytes: int = MAX_BYTES
) -> dict[str, list[dict[str, np.ndarray]]]:
    """Return the numeric fields of the structures in the cells of a file.

    Args:
        path: A file of ``save -v5``, ``-v6`` or ``-v7``.
        max_bytes: More, in the file or unpacked, is refused.

    Returns:
        Variable -> for each of its cells that is one structure, field -> array, as of
        :func:`read_mat_structs`. Only variables that are cells.

    Raises:
        DataError: If the file is missing, damaged, of another version or too large.
    """
    return _read(path, max_bytes, _read_cells)


def whole_numbers(values: np.ndarray) -> np.ndarray:
    """Return numbers as int64.

    Raises:
        ValueError: If one is below 0, a fraction, NaN or infinity.
    """
    numbers = values.astype(np.int64) if np.isfinite(values).all() else np.array(-1)
    if (numbers < 0).any() or (numbers != values).any():
        raise ValueError('its label ids are not whole numbers from 0')
    return numbers


def _read(
    path: str | Path,
    max_bytes: int,
    read_variable: Callable[[memoryview, str], tuple[str, _Value | None]],
) -> dict[str, _Value]:
    """Return the variables of a file that ``read_variable`` gives a value."""
    content = read_bytes(path, max_bytes, 'MATLAB file')
    try:
        if content[:10] == b'MATLAB 7.3':
            raise ValueError('version 7.3 (HDF5) is not read; save it with -v7')
        order = {b'IM': '<', b'MI': '>'}.get(content[126:128])
        if order is None:
            raise ValueError('it has no header of a MATLAB file of version 5')
        found = {}
        for element in _elements(memoryview(content)[128:], order):
            if element.kind == _COMPRESSED:
                element = _unpack(element.data, order, max_bytes)
            if element.kind == _MATRIX and len(element.data):
                name, value = read_variable(element.data, order)
                if value is not None:
                    found[name] = value
        return found
    except (ValueError, KeyError, StopIteration, struct.error, zlib.error) as error:
        raise DataError(f'{path} is not a MATLAB file that can be used: {error!s}.') from error


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    """Yield the elements that follow each other in ``data``."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError('it is cut off')
        kind, size = struct.unpack_from(f'{order}II', data, at)
        if kind >> 16:  # a small element: size, kind and up to four bytes in eight
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            if size > 4:
                raise ValueError('a small element is too long')
            at += 8
        else:
            start = at + 8
            at = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if start + size > len(data):
            raise ValueError('it is cut off')
        yield _Element(kind, data[start : start + size])


def _unpack(data: memoryview, order: str, max_bytes: int) -> _Element:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(data, max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f'it unpacks to more than the {max_bytes} bytes allowed')
    if not unpacker.eof:
        raise ValueError('it is cut off')
    return next(_elements(memoryview(content), order))


def _read_struct(data: memoryview, order: str) -> tuple[str, dict[str, np.ndarray] | None]:
    """Return the name of a variable and its numeric fields, None if it is no single structure."""
    parts = _elements(data, order)
    kind, shape, name = _read_head(parts, order)
    if kind != _STRUCT or prod(shape) != 1:
        return name, None
    width = int(_numbers(next(parts), order, (_INT32,))[0])
    names = bytes(next(parts).data)
    if not 0 < width <= 256 or len(names) % width:
        raise ValueError('the field names of a structure are damaged')
    fields = {}
    for start in range(0, len(names), width):
        element = next(parts)
        if element.kind != _MATRIX:
            raise ValueError('a field of a structure is no array')
        array = _read_numeric(element.data, order) if len(element.data) else None
        if array is not None:
            fields[_text(names[start : start + width])] = array
    return name, fields


def _read_cells(data: memoryview, order: str) -> tuple[str, list[dict[str, np.ndarray]] | None]:
    """Return the name of a variable and the structures in its cells, None if it has no cells."""
    parts = _elements(data, order)
    kind, shape, name = _read_head(parts, order)
    if kind != _CELL:
        return name, None
    cells = list(parts)
    if prod(shape) != len(cells) or any(cell.kind != _MATRIX for cell in cells):
        raise ValueError(f'cells of {shape} hold {len(cells)} elements, or others than arrays')
    structs = (_read_struct(cell.data, order)[1] for cell in cells if len(cell.data))
    return name, [fields for fields in structs if fields is not None]


def _read_numeric(data: memoryview, order: str) -> np.ndarray | None:
    """Return a real array of numbers of two dimensions, None if it is something else."""
    parts = _elements(data, order)
    kind, shape, _ = _read_head(parts, order)
    if kind not in _NUMERIC or len(shape) != 2:
        return None
    values = _numbers(next(parts), order, _DTYPES)
    if prod(shape) != len(values):
        raise ValueError(f'an array of {shape} holds {len(values)} numbers')
    return values.reshape(shape, order='F')


def _read_head(parts: Iterator[_Element], order: str) -> tuple[int, tuple[int, ...], str]:
    """Return class, shape and name of an array."""
    flags = _numbers(next(parts), order, (_UINT32,))
    shape = _numbers(next(parts), order, (_INT32,))
    name = next(parts)
    if not len(flags) or len(shape) < 2 or (shape < 0).any() or name.kind != _INT8:
        raise ValueError('the head of an array is damaged')
    return int(flags[0]) & 0xFF, tuple(shape.tolist()), _text(bytes(name.data))


def _numbers(element: _Element, order: str, kinds) -> np.ndarray:
    if element.kind not in kinds:
        raise ValueError(f'numbers are stored as an element of kind {element.kind}')
    dtype = np.dtype(order + _DTYPES[element.kind])
    return np.frombuffer(element.data, dtype)


def _text(content: bytes) -> str:
    return content.split(b'\0')[0].decode('ascii', 'replace')
