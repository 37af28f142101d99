# SPDX-License-Identifier: Apache-2.0
"""The pictures of a folder, with the masks that belong to them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..errors import DataError

SUFFIXES = frozenset({'.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp'})
SEPARATOR = '__'
MAX_ID_BYTES = 200


@dataclass(frozen=True)
class Pictures:
    """What lies in a folder of pictures, and how other files may name it.

    Args:
        root: The data root; files of labels are relative to it.
        folder: Folder of the pictures.
        files: Pictures relative to ``folder``, with ``/``, sorted.
        masks: Picture -> its mask, where there is one.
        mask_values: Value in a mask -> label id; None means that they are the same.
    """

    root: Path
    folder: Path
    files: tuple[str, ...]
    masks: Mapping[str, Path] = field(default_factory=dict)
    mask_values: Mapping[int, int] | None = None

    @cached_property
    def _names(self) -> dict[str, str | None]:
        """Every name that may stand for a picture; None for one that fits several."""
        names: dict[str, str | None] = {}
        # the more exact names come first and are not taken over by the less exact ones
        bare = [file.rpartition('/')[2] for file in self.files]
        for keys in (
            self.files,
            [without_suffix(file) for file in self.files],
            bare,
            [without_suffix(name) for name in bare],
        ):
            level: dict[str, str | None] = {}
            for key, file in zip(keys, self.files):
                level[key] = file if level.get(key, file) == file else None
            names = {**level, **names}
        return names

    def find(self, name: str) -> str | None:
        """Return the picture that ``name`` means, or None.

        Args:
            name: Path below the folder of pictures or below the data root, or the bare file name if
                no other picture has it; with or without the suffix.
        """
        name = name.strip().replace('\\', '/').removeprefix('./')
        found = self._names.get(name)
        if found is not None:
            return found
        for base in (self.folder, self._folder_below_root):
            prefix = f'{base}/'
            if base and name.startswith(prefix):
                return self._names.get(name[len(prefix) :])
        return None

    @property
    def names(self) -> list[str]:
        """Names that :meth:`find` knows, for near matches."""
        return [name for name, file in self._names.items() if file is not None]

    @cached_property
    def _folder_below_root(self) -> str:
        below = os.path.relpath(self.folder, self.root).replace(os.sep, '/')
        return '' if below == '.' else below


def without_suffix(file: str) -> str:
    """Return a path without the suffix of its last part."""
    # pathlib takes ten times as long, seconds for a large folder
    return os.path.splitext(file)[0]


def list_pictures(folder: Path, leave_out: Path | None = None) -> tuple[str, ...]:
    """Return the pictures below a folder, relative to it, with ``/`` and sorted.

    Links to folders are followed, each folder once. Names that begin with a dot are passed over.

    Args:
        folder: Where to look.
        leave_out: A folder in it that is not entered, such as that of the masks.

    Raises:
        DataError: If the folder cannot be read or holds no picture.
    """
    if not folder.is_dir():
        raise DataError(
            f'folder of pictures {folder} does not exist. Set data_root and images of '
            'FolderDataset.'
        )
    files = [
        prefix + name
        for prefix, names in _walk(folder, leave_out)
        for name in names
        if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith('.')
    ]
    if not files:
        raise DataError(
            f'folder {folder} holds no picture ({", ".join(sorted(SUFFIXES))}), nor do its '
            'sub-folders. Set data_root and images of FolderDataset.'
        )
    return tuple(sorted(files))


def _walk(folder: Path, leave_out: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield, for each folder, what its files' relative paths begin with, and their names."""
    seen = {os.path.realpath(leave_out)} if leave_out is not None else set()
    seen.add(os.path.realpath(folder))
    for where, folders, names in os.walk(folder, followlinks=True):
        kept = []
        for name in folders:
            real = os.path.realpath(os.path.join(where, name))
            if real not in seen and not name.startswith('.'):
                seen.add(real)
                kept.append(name)
        folders[:] = kept
        below = os.path.relpath(where, folder).replace(os.sep, '/')
        yield '' if below == '.' else f'{below}/', names


def image_id_of(file: str) -> str:
    """Return the image id of a picture: its path without suffix, ``/`` replaced by ``__``.

    Raises:
        DataError: If it would be too long for the name of a file.

    Example:
        >>> image_id_of('monday/camera 1/0001.jpg')
        'monday__camera 1__0001'
    """
    image_id = without_suffix(file).replace('/', SEPARATOR)
    if len(image_id.encode()) > MAX_ID_BYTES:
        raise DataError(
            f'picture {file}: its path without suffix is longer than {MAX_ID_BYTES} bytes and '
            'cannot name the files of the stages. Use shorter names or fewer sub-folders.'
        )
    return image_id


def image_ids(files: tuple[str, ...]) -> dict[str, str]:
    """Return the image id of every picture.

    Raises:
        DataError: If two pictures have the same id, naming both.
    """
    ids: dict[str, str] = {}
    owners: dict[str, str] = {}
    for file in files:
        image_id = ids[file] = image_id_of(file)
        if owners.setdefault(image_id, file) != file:
            raise DataError(
                f'pictures {owners[image_id]} and {file} have the same image id {image_id!r} (path '
                f"without suffix, '/' replaced by {SEPARATOR!r}). Rename or remove one of them."
            )
    return ids


def find_masks(files: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Return the masks of the pictures that have one: the same relative name with ``.png``.

    Raises:
        DataError: If the folder does not exist or holds no mask of any picture.
    """
    if not folder.is_dir():
        raise DataError(
            f'folder of masks {folder} does not exist. Set masks of FolderDataset, or leave it out '
            'if there are no masks.'
        )
    there = {prefix + name for prefix, names in _walk(folder) for name in names}
    wanted = {file: f'{without_suffix(file)}.png' for file in files}
    found = {file: folder / name for file, name in wanted.items() if name in there}
    if not found:
        raise DataError(
            f'folder {folder} holds no mask of any picture. A mask has the path of its picture '
            f'with the suffix .png: {wanted[files[0]]}.'
        )
    return found
