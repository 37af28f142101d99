# SPDX-License-Identifier: Apache-2.0
"""Saliency maps from files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..fileio import read_bytes
from ..structures.npy import read_npy
from .image_io import image_size, read_image

_HEADER_BYTES = 65536


def read_saliency(path: str | Path, size: tuple[int, int]) -> np.ndarray:
    """Read a map of how much each pixel stands out.

    Args:
        path: A grey picture, 0 to 255, or a ``.npy`` file of floats in [0, 1].
        size: ``(H, W)`` it must have.

    Returns:
        float32 ``(H, W)`` in [0, 1].

    Raises:
        DataError: If the file is missing, damaged, in colours, of another size or out of range.
    """
    if str(path).endswith('.npy'):
        return _read_array(path, size)
    header = image_size(path)
    _check_size(path, (header.height, header.width), size)
    image = read_image(path)
    if (image != image[:, :, :1]).any():
        raise DataError(f'saliency map {path} is in colours. Save it as grey, 255 for salient.')
    return image[:, :, 0] / np.float32(255)


def _read_array(path: str | Path, size: tuple[int, int]) -> np.ndarray:
    content = read_bytes(path, size[0] * size[1] * 8 + _HEADER_BYTES, 'saliency map')
    try:
        saliency = read_npy(io.BytesIO(content), 'it', len(content), 'f', 2)
    except (ValueError, TypeError, EOFError, RecursionError, MemoryError) as error:
        raise DataError(
            f'saliency map {path} is not an array of floats (H, W) in the .npy format: {error}.'
        ) from error
    _check_size(path, saliency.shape, size)
    if not ((saliency >= 0) & (saliency <= 1)).all():
        raise DataError(f'saliency map {path} holds values outside of 0..1, or NaN.')
    return saliency.astype(np.float32)


def _check_size(path: str | Path, found: tuple[int, int], size: tuple[int, int]) -> None:
    if tuple(found) != tuple(size):
        raise DataError(
            f'saliency map {path} is {found[0]} x {found[1]} (height x width), its image is '
            f'{size[0]} x {size[1]}. They must be equal.'
        )
