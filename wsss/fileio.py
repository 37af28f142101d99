# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or absent: written under a temporary name, flushed, renamed."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .errors import DataError, StorageError

# what the disk says when it is full, too slow to trust, or not ours
_NAMES = 'ENOSPC EDQUOT EFBIG EROFS EACCES EPERM EIO ENOTDIR EEXIST EISDIR ENAMETOOLONG'.split()
_STORAGE = {getattr(errno, name) for name in _NAMES if hasattr(errno, name)}
_PART = re.compile(r'\..+\.\d+\.part')
MAX_JSON_BYTES = 256 << 20
MAX_LIST_BYTES = 256 << 20


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it to ``path`` when the block succeeds.

    Raises:
        StorageError: If the disk refuses it; ``path`` is as before then.
    """
    path = Path(path)
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        if not is_storage_error(error):
            raise
        raise storage_error(error, path) from error
    finally:
        with suppress(OSError):  # a place that takes no file holds no part of one
            part.unlink(missing_ok=True)


def is_storage_error(error: BaseException) -> bool:
    """Whether ``error`` is the disk's fault and not worded by us yet."""
    return (
        isinstance(error, OSError)
        and error.errno in _STORAGE
        and not isinstance(error, StorageError)
    )


def storage_error(error: OSError, path: str | Path | None = None) -> StorageError:
    """Return an error that names the file, how much room there is, and what to do.

    Args:
        error: What the system said.
        path: The file that was to be written; by default the one that ``error`` names.
    """
    path = path or error.filename or 'a file'
    room = ''
    if error.errno in (errno.ENOSPC, getattr(errno, 'EDQUOT', -1)):
        place = next((p for p in Path(path).absolute().parents if p.is_dir()), Path('/'))
        try:
            room = f', {shutil.disk_usage(place).free / 1e6:.0f} MB are free in {place}'
        except OSError:
            pass  # the disk is gone altogether; the first error says enough
    return StorageError(
        f'cannot write {path}: {error.strerror}{room}. What is written already is whole. Make '
        'room (or get the right to write) and start again with the same command: the run goes on.'
    )


def remove_parts(folder: str | Path) -> int:
    """Delete the temporary files below ``folder`` that killed processes left; return how many.

    Only for a folder that no other process writes to.
    """
    found = [p for p in Path(folder).rglob('.*.part') if _PART.fullmatch(p.name) and p.is_file()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def remove_tree(folder: str | Path) -> None:
    """Delete a folder in one step: rename it, then delete what it holds.

    A kill in the middle leaves a hidden folder that :func:`remove_trash` deletes, never a part of
    the old folder under its name.
    """
    folder = Path(folder)
    if folder.exists():
        trash = folder.with_name(f'.{folder.name}.{os.getpid()}.trash')
        os.replace(folder, trash)
        shutil.rmtree(trash)


def remove_trash(folder: str | Path) -> None:
    """Finish what a killed :func:`remove_tree` in ``folder`` has begun."""
    for path in Path(folder).glob('.*.trash'):
        shutil.rmtree(path)


def write_bytes(path: str | Path, content: bytes, sync: bool = False) -> None:
    """Write ``content`` to ``path`` in one step; ``sync`` forces it to the disk first."""
    with atomic_path(path) as part, open(part, 'wb') as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def write_json(path: str | Path, content: Any, indent: int | None = 2) -> None:
    """Write ``content`` as indented JSON with the order of keys left as given."""
    write_bytes(path, (json.dumps(content, indent=indent) + '\n').encode(), sync=True)


def read_bytes(path: str | Path, max_bytes: int, what: str = 'file') -> bytes:
    """Return the content of a plain file that is not larger than it may be.

    A device or a pipe, which may never end, is refused before it is opened; a file that grows while
    it is read is cut at the limit and refused.

    Args:
        path: The file; links are followed.
        max_bytes: More is refused, before anything is read.
        what: What it should be, for the message.

    Raises:
        DataError: If it is missing, no plain file, not ours to read, or too large.
    """
    name = f'{what} {path}'
    try:
        check_plain(path, name)
        with open(path, 'rb') as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(max_bytes + 1) if size <= max_bytes else b''
    except FileNotFoundError as error:
        raise DataError(f'{name} does not exist.') from error
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise DataError(f'{name} cannot be read: {reason}.') from error
    if max(size, len(content)) > max_bytes:
        raise DataError(
            f'{name} has {max(size, len(content))} bytes, more than the {max_bytes} allowed. It is '
            'not what it should be, or must be split.'
        )
    return content


def check_plain(path: str | Path, name: str) -> int:
    """Return the size of a plain file in bytes.

    Raises:
        DataError: If it is a folder, a pipe or a device.
        OSError: If it is missing or its folder cannot be entered.
    """
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode):
        kind = 'a folder' if stat.S_ISDIR(info.st_mode) else 'a pipe or a device'
        raise DataError(f'{name} cannot be read: it is {kind}, not a file.')
    return info.st_size


def read_text(path: str | Path, what: str = 'list', max_bytes: int = MAX_LIST_BYTES) -> str:
    """Return the content of a text file in UTF-8, with or without byte order mark.

    Raises:
        DataError: As :func:`read_bytes`, and if it is not UTF-8.
    """
    try:
        text = read_bytes(path, max_bytes, what).decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f'{what} {path} is not UTF-8 text ({error}). Save it as UTF-8.') from error
    if '\0' in text:
        raise DataError(f'{what} {path} is not text: it holds NUL characters.')
    return text


def read_json(path: str | Path, what: str = 'file', max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Read a JSON file; a missing, huge or broken one raises :class:`DataError` naming it."""
    content = read_bytes(path, max_bytes, what)
    try:
        return json.loads(content.decode('utf-8-sig'))
    except (ValueError, RecursionError) as error:  # too deep, and numbers too long, besides syntax
        raise DataError(
            f'{what} {path} is not valid JSON ({error}). Delete it and redo.'
        ) from error


def write_picture(path: str | Path, picture: np.ndarray) -> None:
    """Write ``picture``, uint8 ``(H, W, 3)`` RGB, as a PNG in one step."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format='PNG', optimize=True)
    write_bytes(path, buffer.getvalue())


def write_grey(path: str | Path, picture: np.ndarray) -> None:
    """Write ``picture``, uint8 ``(H, W)``, as a grey PNG in one step."""
    if picture.dtype != np.uint8 or picture.ndim != 2:
        raise ValueError(f'picture must be uint8 (H, W), got {picture.dtype} {picture.shape}')
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format='PNG')
    write_bytes(path, buffer.getvalue())


def write_mask(path: str | Path, mask: np.ndarray, palette: list | None = None) -> None:
    """Write a label map as a palette PNG.

    The palette always has 256 entries: Pillow packs indices into fewer bits for a shorter one,
    and 255 (ignore) would come back as another id.

    Args:
        path: Target file.
        mask: uint8 ``(H, W)``.
        palette: RGB triples by id; ids beyond it become grey, 255 becomes near white.
    """
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise ValueError(f'mask must be uint8 (H, W), got {mask.dtype} {mask.shape}')
    colours = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    colours[255] = (224, 224, 192)
    if palette is not None and len(palette):
        colours[: len(palette)] = np.asarray(palette, dtype=np.uint8)
    image = Image.fromarray(np.ascontiguousarray(mask)).convert('L')
    image = Image.frombytes('P', image.size, image.tobytes())
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format='PNG')
    write_bytes(path, buffer.getvalue())
