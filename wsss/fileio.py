# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or absent: written under a temporary name, flushed, renamed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .errors import DataError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it to ``path`` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes, sync: bool = False) -> None:
    """Write ``content`` to ``path`` in one step; ``sync`` forces it to the disk first."""
    with atomic_path(path) as part, open(part, 'wb') as file:
        file.write(content)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def write_json(path: str | Path, content: Any) -> None:
    """Write ``content`` as indented JSON with sorted keys left as given."""
    write_bytes(path, (json.dumps(content, indent=2) + '\n').encode(), sync=True)


def read_json(path: str | Path, what: str = 'file') -> Any:
    """Read a JSON file; a missing or broken one raises :class:`DataError` naming it."""
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise DataError(f'{what} {path} does not exist.') from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(
            f'{what} {path} is not valid JSON ({error}). Delete it and redo.'
        ) from error


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
