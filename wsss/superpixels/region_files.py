# SPDX-License-Identifier: Apache-2.0
"""Region maps made elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..datasets.image_io import name_of, open_file
from ..datasets.mask_io import read_index
from ..datasets.reads_files import ReadsFiles
from ..errors import ConfigError, DataError
from ..registry import SUPERPIXELS
from ..structures import check_image_id
from ..structures.npy import read_npy
from .base import BaseSuperpixels

SUFFIXES = ('.png', '.npy')
_HEADER_BYTES = 4096


@SUPERPIXELS.register_module()
class RegionFiles(BaseSuperpixels, ReadsFiles):
    """Reads ``<folder>/<image id><suffix>``: region ids of the size of the image, any numbers.

    Regions of a large segmentation model, for one, are made once outside and written as a PNG of 8
    or 16 bits or with ``numpy.save`` as integers ``(H, W)``. Pixels of one number are one region,
    those of 0 too, whether they touch or not.

    Args:
        folder: Where the files are.
        suffix: What follows the image id, ``.png`` or ``.npy`` at its end.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> superpixels = dict(type='RegionFiles', folder='data/sam_regions', suffix='.npy')
    """

    needs_image_id = True

    def __init__(self, folder: str, suffix: str = '.png'):
        if not isinstance(folder, (str, Path)) or not str(folder):
            raise ConfigError(f'RegionFiles.folder must be a path, got {folder!r}.')
        if not str(suffix).endswith(SUFFIXES) or '/' in suffix:
            raise ConfigError(f'RegionFiles.suffix must end with .png or .npy, got {suffix!r}.')
        self.folder = str(folder)
        self.suffix = suffix

    def files(self, image_id: str) -> list[str]:
        """Return the path of the region map."""
        return [f'{self.folder}/{check_image_id(image_id)}{self.suffix}']

    def compute(self, image: np.ndarray, image_id: str | None) -> np.ndarray:
        """Return what the file holds.

        Raises:
            DataError: If it is missing, damaged, of another kind or size; names image and file.
        """
        path = Path(*self.files(image_id))
        if self.suffix.endswith('.npy'):
            return read_ids(path, image.shape[:2], image_id)
        return read_index(path, image.shape[:2], image_id, what='region map', wide=True)


def read_ids(path: Path, size: tuple[int, int], image_id: str) -> np.ndarray:
    """Read integers ``(H, W)`` that ``numpy.save`` wrote.

    Raises:
        DataError: If the file is missing, damaged, of another kind or size; names it.
    """
    name = name_of(path, image_id, 'region map')
    with open_file(path, name) as file:
        length = file.seek(0, 2)
        file.seek(0)
        try:
            if length > size[0] * size[1] * 8 + _HEADER_BYTES:
                raise ValueError(f'it has {length} bytes')
            ids = read_npy(file, 'the array', length, 'iu', 2)
        except (ValueError, EOFError, OSError) as error:
            raise DataError(
                f'{name} cannot be used ({error}): it must hold integers of {size[0]} x {size[1]} '
                'pixels as numpy.save writes them. Write it again.'
            ) from error
    if ids.shape != size:
        raise DataError(
            f'{name} is {ids.shape[0]} x {ids.shape[1]} (height x width), its image is '
            f'{size[0]} x {size[1]}. They must be equal.'
        )
    return ids
