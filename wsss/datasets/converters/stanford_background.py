# SPDX-License-Identifier: Apache-2.0
"""From the archive of Stanford Background to the folder that ``StanfordBackground`` reads."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...errors import DataError
from ...fileio import read_text, write_mask
from ..base import IGNORE
from ..image_io import image_size
from ..stanford_background import PALETTE, REGIONS
from .archive import extract_tar

URL = 'http://dags.stanford.edu/data/'
ARCHIVE = 'iccv09Data.tar.gz'
ARCHIVES = {ARCHIVE: (ARCHIVE, None)}
"""Archive -> address below ``URL`` and MD5, of which none is published."""

COUNT = 715
MAX_BYTES = 8 << 20
"""Of the text of one image; the official ones have at most 0.3 MB."""


def read_regions(path: str | Path) -> np.ndarray:
    """Read the regions of one image.

    Args:
        path: ``<name>.regions.txt``: a row of numbers for each row of pixels, 0..7 or negative for
            unknown.

    Returns:
        uint8 ``(H, W)``: 1..8 classes, 255 unknown.

    Raises:
        DataError: If the file is missing, too large or no such table.
    """
    text = read_text(path, 'regions', MAX_BYTES)
    try:
        if not text.strip():
            raise ValueError('it is empty')
        regions = np.loadtxt(io.StringIO(text), dtype=np.int64, ndmin=2, comments=None)
        if regions.max() >= len(REGIONS):
            raise ValueError(f'it holds {regions.max()}; allowed are 0..{len(REGIONS) - 1}, or -1')
    except ValueError as error:
        raise DataError(f'regions {path} cannot be used: {error}.') from error
    return np.where(regions < 0, IGNORE, regions + 1).astype(np.uint8)


def find_problems(folder: str | Path, count: int | None = COUNT, parts=('images', 'masks')) -> list:
    """Return what keeps ``folder`` from being the whole data set; an empty list if nothing does.

    Args:
        folder: Data root.
        count: Images that there must be; None allows any number but zero.
        parts: Folders to look into: ``images``, ``labels``, ``masks``.
    """
    folder = Path(folder)
    suffixes = dict(images='.jpg', labels='.regions.txt', masks='.png')
    names = {part: _names(folder / part, suffixes[part]) for part in parts}
    images = names['images']
    problems = []
    if not images or (count is not None and len(images) != count):
        problems.append(
            f'{folder / "images"} has {len(images)} images instead of {count or "some"}'
        )
    for part, present in names.items():
        if missing := sorted(images - present):
            problems.append(
                f'{len(missing)} files are missing in {folder / part}, such as '
                f'{missing[0]}{suffixes[part]}'
            )
    return problems


def _names(folder: Path, suffix: str) -> set[str]:
    files = os.listdir(folder) if folder.is_dir() else []
    return {file.removesuffix(suffix) for file in files if file.endswith(suffix)}


def convert_stanford_background(
    target: str | Path,
    fetch: Callable[[str], Path],
    count: int | None = COUNT,
    num_workers: int = 4,
    progress: bool = True,
) -> str:
    """Extract and check the archive and write the masks.

    Everything happens in a temporary folder beside ``target`` that is renamed at the end: a stopped
    run leaves no half data set. A complete ``target`` is left alone.

    Args:
        target: The data root to make; missing, empty or complete.
        fetch: Returns the file of an archive of ``ARCHIVES``; called only if it is needed.
        count: As in :func:`find_problems`.
        num_workers: Threads that write masks.
        progress: Whether to show bars.

    Returns:
        One line that says what is there.

    Raises:
        DataError: If the archive cannot be used, files are missing or damaged, the count is wrong,
            or ``target`` holds something else.
    """
    target = Path(target).absolute()
    if target.is_dir() and os.listdir(target):
        if problems := find_problems(target, count):
            raise DataError(
                f'{target} is not empty and not the whole data set ({"; ".join(problems)}). Delete '
                'it or choose another folder.'
            )
        return f'{describe(target)} (was there already)'
    archive = fetch(ARCHIVE)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{target.name}.', dir=target.parent) as scratch:
        extract_tar(archive, scratch, progress=progress)
        made = Path(scratch) / 'iccv09Data'
        if problems := find_problems(made, count, ('images', 'labels')):
            raise DataError(f'{archive} does not hold the whole data set: {"; ".join(problems)}.')
        names = sorted(_names(made / 'images', '.jpg'))
        with ThreadPoolExecutor(num_workers) as pool:
            done = pool.map(partial(_write_one, folder=made), names)
            for _ in tqdm(done, 'masks', len(names), unit='', disable=not progress):
                pass
        if target.is_dir():
            target.rmdir()
        shutil.move(made, target)
    return describe(target)


def _write_one(name: str, folder: Path) -> None:
    source = folder / 'labels' / f'{name}.regions.txt'
    mask = read_regions(source)
    try:
        header = image_size(folder / 'images' / f'{name}.jpg')
    except DataError as error:
        raise DataError(f'image {name}.jpg of the archive cannot be used: {error}') from error
    size = header.height, header.width
    if mask.shape != size:
        raise DataError(f'regions {source} are {mask.shape} (height, width), the image {size}.')
    write_mask(folder / 'masks' / f'{name}.png', mask, PALETTE)


def describe(folder: str | Path) -> str:
    """Return one line about the data root."""
    folder = Path(folder)
    images, masks = _names(folder / 'images', '.jpg'), _names(folder / 'masks', '.png')
    return f'{folder}: {len(images)} images, {len(masks)} masks of {len(REGIONS)} classes'
