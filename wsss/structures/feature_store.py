# SPDX-License-Identifier: Apache-2.0
"""Features of whole images on disk: one small ``.npy`` per image."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from torch import Tensor

from ..errors import DataError
from ..fileio import check_plain, write_bytes
from .npy import read_npy
from .score_store import check_image_id


class FeatureStore:
    """A folder of features, ``<folder>/<image id>.npy``, each float32 ``(D,)``.

    Args:
        folder: Where the files are; made when the first file is written.

    Example:
        >>> import torch
        >>> store = FeatureStore('/tmp/features')
        >>> store.write('cat_1', torch.ones(8))
        >>> store.read('cat_1').shape
        (8,)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def path(self, image_id: str) -> Path:
        """Return the file of ``image_id``."""
        return self.folder / f'{check_image_id(image_id)}.npy'

    def write(self, image_id: str, features: Tensor) -> None:
        """Write the features ``(D,)`` of one image; an existing file is replaced in one step."""
        buffer = io.BytesIO()
        array = features.detach().float().cpu().numpy()
        np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
        write_bytes(self.path(image_id), buffer.getvalue())

    def read(self, image_id: str) -> np.ndarray:
        """Read the features of one image, float32 ``(D,)``.

        Raises:
            DataError: If the file is missing, damaged or holds something else.
        """
        path = self.path(image_id)
        try:
            size = check_plain(path, f'feature file {path}')
            with open(path, 'rb') as file:
                features = read_npy(file, 'the array', size, 'f', 1).astype(np.float32)
        except FileNotFoundError as error:
            raise DataError(
                f'feature file {path} of image {image_id!r} does not exist. Run the stage that '
                'makes it (--from <that stage>), or check that it used the same data set.'
            ) from error
        except (ValueError, OSError) as error:
            raise DataError(
                f'feature file {path} of image {image_id!r} cannot be used ({error}). Delete it '
                'and run its stage again with --redo.'
            ) from error
        if not np.isfinite(features).all() or not len(features):
            raise DataError(
                f'feature file {path} of image {image_id!r} holds no numbers, NaN or infinity. '
                'Check the weights of the stage that wrote it, and run that again with --redo.'
            )
        return features
