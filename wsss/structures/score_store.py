# SPDX-License-Identifier: Apache-2.0
"""Score maps on disk: one small ``.npz`` per image, readable without pickle."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from ..errors import DataError
from ..fileio import check_plain, write_bytes
from .npy import read_npy
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


MAX_BYTES = 2 << 30
MAX_PIXELS = 1 << 28
MAX_KEY = 2**15 - 1
# array -> kinds of numbers (integers, floats), dimensions
_FIELDS = dict(keys=('iu', 1), scores=('f', 3), size=('iu', 1), background=('f', 2))
_DAMAGE = (
    ValueError, KeyError, OSError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip


class ScoreStore:
    """A folder of score maps, ``<folder>/<image id>.npz``.

    Each file holds ``keys`` int16 ``(K',)``, ``scores`` float16 ``(K', h, w)``, ``size`` int32
    ``(2,)`` and, where the maps have one, ``background`` float16 ``(h, w)``.

    Args:
        folder: Where the files are; made when the first file is written.
        max_bytes: Files that unpack to more are refused.

    Example:
        >>> store = ScoreStore('/tmp/scores')
        >>> store.write('cat_1', ScoreMaps(torch.tensor([0]), torch.rand(1, 4, 4), (16, 16)))
        >>> store.read('cat_1').size
        (16, 16)
    """

    def __init__(self, folder: str | Path, max_bytes: int = MAX_BYTES):
        self.folder = Path(folder)
        self.max_bytes = max_bytes

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
        # as numpy.savez_compressed, whose level 6 takes three times as long to save a twelfth
        with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, array in arrays.items():
                with archive.open(f'{name}.npy', 'w') as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        write_bytes(self.path(image_id), buffer.getvalue())

    def read(self, image_id: str) -> ScoreMaps:
        """Read the maps of one image, as float32.

        Raises:
            DataError: If the file is missing, damaged or holds something else.
        """
        path = self.path(image_id)
        try:
            arrays = _read_arrays(path, self.max_bytes)
            background = arrays.get('background')
            return ScoreMaps(
                keys=torch.from_numpy(arrays['keys'].astype(np.int16)),
                scores=_finite(arrays['scores'], 'scores'),
                size=tuple(int(side) for side in arrays['size']),
                background=None if background is None else _finite(background, 'background'),
            )
        except FileNotFoundError as error:
            raise DataError(
                f'score file {path} of image {image_id!r} does not exist. Run the stage that makes '
                'it (--from <that stage>), or check that it used the same data set.'
            ) from error
        except _DAMAGE as error:
            raise DataError(
                f'score file {path} of image {image_id!r} cannot be used ({error}). Delete it and '
                'run its stage again with --redo.'
            ) from error


def _read_arrays(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """Read the known arrays of a file, each only after its declared size has been checked.

    ``numpy.load`` unpacks whatever a file declares, a thousandfold of what lies on the disk.
    """
    check_plain(path, f'score file {path}')
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        foreign = sorted({*names} - {f'{name}.npy' for name in _FIELDS})
        if foreign or len(set(names)) < len(names):
            raise ValueError(f'it holds {foreign[:3] or names}; allowed are {", ".join(_FIELDS)}')
        declared = sum(member.file_size for member in members)
        if declared > max_bytes:
            raise ValueError(f'it unpacks to {declared} bytes, {max_bytes} are allowed')
        arrays = {}
        for member in members:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError('its compression is neither deflate nor none')
            with archive.open(member) as file:
                name = member.filename.removesuffix('.npy')
                arrays[name] = read_npy(file, name, member.file_size, *_FIELDS[name])
    keys = arrays['keys']
    if len(keys) and not 0 <= int(keys.min()) <= int(keys.max()) <= MAX_KEY:
        raise ValueError(f'its keys are not within 0..{MAX_KEY}')
    height, width = (int(side) for side in arrays['size'])
    if height * width > MAX_PIXELS:
        raise ValueError(f'its size {height} x {width} is more than {MAX_PIXELS} pixels')
    return arrays


def _finite(array: np.ndarray, name: str) -> torch.Tensor:
    tensor = torch.from_numpy(array.astype(np.float32))
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f'{name} contain NaN or infinity')
    return tensor
