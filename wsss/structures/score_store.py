# SPDX-License-Identifier: Apache-2.0
"""Score maps on disk: one small ``.npz`` per image, readable without pickle."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from ..errors import DataError
from ..fileio import write_bytes
from .score_maps import ScoreMaps


def check_image_id(image_id: str) -> str:
    """Return ``image_id`` if it can name a file in a folder.

    Raises:
        DataError: For an id that is empty or contains a path separator, ``..`` or NUL.
    """
    bad = not image_id or image_id == '.' or any(c in image_id for c in ('/', '\\', '\0', '..'))
    if bad:
        raise DataError(
            f'image id {image_id!r} cannot name a file: it must not be empty nor contain a path '
            "separator, '..' or NUL. Rename the image."
        )
    return image_id


class ScoreStore:
    """A folder of score maps, ``<folder>/<image id>.npz``.

    Each file holds ``keys`` int16 ``(K',)``, ``scores`` float16 ``(K', h, w)``, ``size`` int32
    ``(2,)`` and, where the maps have one, ``background`` float16 ``(h, w)``.

    Args:
        folder: Where the files are; made when the first file is written.

    Example:
        >>> store = ScoreStore('/tmp/scores')
        >>> store.write('cat_1', ScoreMaps(torch.tensor([0]), torch.rand(1, 4, 4), (16, 16)))
        >>> store.read('cat_1').size
        (16, 16)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    def path(self, image_id: str) -> Path:
        """Return the file of ``image_id``."""
        return self.folder / f'{check_image_id(image_id)}.npz'

    def __contains__(self, image_id: str) -> bool:
        return self.path(image_id).is_file()

    def write(self, image_id: str, maps: ScoreMaps) -> None:
        """Write the maps of one image; an existing file is replaced in one step."""
        arrays = dict(
            keys=maps.keys.cpu().numpy(),
            scores=maps.scores.detach().to('cpu', torch.float16).numpy(),
            size=np.asarray(maps.size, dtype=np.int32),
        )
        if maps.background is not None:
            arrays['background'] = maps.background.detach().to('cpu', torch.float16).numpy()
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        write_bytes(self.path(image_id), buffer.getvalue())

    def read(self, image_id: str) -> ScoreMaps:
        """Read the maps of one image, as float32.

        Raises:
            DataError: If the file is missing, damaged or holds something else.
        """
        path = self.path(image_id)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            background = arrays.get('background')
            scores = torch.from_numpy(arrays['scores'].astype(np.float32))
            if not bool(torch.isfinite(scores).all()):
                raise ValueError('scores contain NaN or infinity')
            return ScoreMaps(
                keys=torch.from_numpy(arrays['keys']),
                scores=scores,
                size=tuple(int(side) for side in arrays['size']),
                background=None
                if background is None
                else torch.from_numpy(background.astype(np.float32)),
            )
        except FileNotFoundError as error:
            raise DataError(
                f'score file {path} of image {image_id!r} does not exist. Run the stage that makes '
                'it (--from <that stage>), or check that it used the same data set.'
            ) from error
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, TypeError) as error:
            raise DataError(
                f'score file {path} of image {image_id!r} cannot be used ({error}). Delete it and '
                'run its stage again with --redo.'
            ) from error
