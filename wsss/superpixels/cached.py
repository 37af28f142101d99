# SPDX-License-Identifier: Apache-2.0
"""Superpixels that are computed once and kept on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from ..datasets.mask_io import read_index
from ..errors import ConfigError, DataError
from ..fileio import write_bytes
from ..structures import check_image_id
from .base import BaseSuperpixels

MAX_REGIONS = 1 << 16


class CachedSuperpixels:
    """A source of superpixels that looks on the disk first.

    A file is ``<folder>/<digest of the source>/<image id>.<digest of the image>.png``, of 16 bits:
    another setting, another version of the library or another picture of the same id has another
    name. What is damaged is made again. Any number of processes may share the folder, because files
    are renamed into place.

    Args:
        source: Where regions come from.
        folder: Made when the first file is written.

    Raises:
        ConfigError: If the source reads files itself.

    Example:
        >>> regions = CachedSuperpixels(SLIC(), '/tmp/regions')
        >>> regions(np.zeros((128, 128, 3), np.uint8), 'cat_1').shape
        (128, 128)
    """

    def __init__(self, source: BaseSuperpixels, folder: str | Path):
        if source.needs_image_id:
            raise ConfigError(
                f'{type(source).__name__} reads regions from files: take cache_dir out.'
            )
        self.source = source
        settings = json.dumps(source.settings(), sort_keys=True, default=repr)
        self.folder = Path(folder) / _digest(settings.encode())

    def path(self, image: np.ndarray, image_id: str) -> Path:
        """Return the file of an image."""
        content = _digest(np.ascontiguousarray(image))
        return self.folder / f'{check_image_id(image_id)}.{content}.png'

    def __call__(self, image: np.ndarray, image_id: str | None = None) -> np.ndarray:
        """Return region ids int32 ``(H, W)`` as the source makes them.

        Raises:
            DataError: If the id of the image is not known, or there are too many regions.
        """
        if image_id is None:
            raise DataError('a cache of regions needs the id of the image: call it with image_id.')
        path = self.path(image, image_id)
        if path.is_file():
            try:
                return read_index(path, image.shape[:2], image_id, wide=True).astype(np.int32)
            except DataError:
                pass  # damaged: replaced below
        ids = self.source(image, image_id)
        if ids.max() >= MAX_REGIONS:
            raise DataError(
                f'{type(self.source).__name__} finds {ids.max() + 1} regions, a cache takes '
                f'{MAX_REGIONS}. Make regions larger or take cache_dir out.'
            )
        write_bytes(path, cv2.imencode('.png', ids.astype(np.uint16))[1].tobytes())
        return ids


def _digest(content: bytes | np.ndarray) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
