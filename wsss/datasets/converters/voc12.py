# SPDX-License-Identifier: Apache-2.0
"""From the official archive of PASCAL VOC 2012 to the folder that ``VOC12`` reads."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...errors import DataError
from ...fileio import read_text
from .archive import extract_tar

URL = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/'
ARCHIVE = 'VOCtrainval_11-May-2012.tar'
ARCHIVES = {ARCHIVE: (ARCHIVE, '6cd6e144f989b92b3379bac3b3de84fd')}
"""Archive -> address below ``URL`` and published MD5."""

COUNTS = {'train': 1464, 'val': 1449, 'trainval': 2913}
YEAR = 'VOC2012'


def read_ids(folder: str | Path, split: str) -> list[str]:
    """Return the image ids of ``ImageSets/Segmentation/<split>.txt``.

    Raises:
        DataError: If the list cannot be read or an id is not a plain name.
    """
    path = Path(folder) / 'ImageSets' / 'Segmentation' / f'{split}.txt'
    return read_id_file(path)


def read_id_file(path: Path) -> list[str]:
    """Return the image ids of a file with one per line.

    Raises:
        DataError: If the list cannot be read or an id is not a plain name.
    """
    ids = read_text(path).split()
    for image_id in ids:
        if not image_id.replace('_', '').isalnum():
            raise DataError(f'list {path} holds {image_id[:60]!r}, which is no image id of VOC.')
    return ids


def find_problems(folder: str | Path, counts: dict[str, int] | None = COUNTS) -> list[str]:
    """Return what keeps ``folder`` from being the whole data set; an empty list if nothing does.

    Args:
        folder: The folder ``VOC2012``.
        counts: Images that each list must have; None allows any number but zero.
    """
    folder = Path(folder)
    try:
        splits = {split: read_ids(folder, split) for split in COUNTS}
    except DataError as error:
        return [str(error)]
    problems = []
    for split, ids in splits.items():
        wanted = None if counts is None else counts[split]
        if not ids or (wanted is not None and len(ids) != wanted):
            problems.append(f'{split}.txt lists {len(ids)} images instead of {wanted or "some"}')
    listed = sorted({image_id for ids in splits.values() for image_id in ids})
    for part, suffix in (
        ('JPEGImages', 'jpg'),
        ('SegmentationClass', 'png'),
        ('Annotations', 'xml'),
    ):
        present = set(os.listdir(folder / part)) if (folder / part).is_dir() else set()
        missing = [f'{image_id}.{suffix}' for image_id in listed]
        missing = [name for name in missing if name not in present]
        if missing:
            problems.append(f'{len(missing)} files are missing in {part}, such as {missing[0]}')
    return problems


def convert_voc12(
    target: str | Path,
    fetch: Callable[[str], Path],
    counts: dict[str, int] | None = COUNTS,
    progress: bool = True,
) -> str:
    """Extract and check the archive.

    It is extracted beside its place and renamed: a stopped run leaves no half data set. A complete
    one is left alone.

    Args:
        target: The data root; ``VOC2012`` is made in it.
        fetch: Returns the file of an archive of ``ARCHIVES``; called only if it is needed.
        counts: As in :func:`find_problems`.
        progress: Whether to show a bar.

    Returns:
        One line that says what is there.

    Raises:
        DataError: If the archive cannot be used, files are missing, counts are wrong, or
            ``VOC2012`` holds something else.
    """
    target = Path(target).absolute()
    folder = target / YEAR
    if folder.is_dir() and os.listdir(folder):
        if problems := find_problems(folder, counts):
            raise DataError(
                f'{folder} is not empty and not the whole data set ({"; ".join(problems)}). Delete '
                'it or choose another folder.'
            )
        return f'{describe(folder)} (was there already)'
    archive = fetch(ARCHIVE)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{YEAR}.', dir=target) as scratch:
        extract_tar(archive, scratch, progress=progress)
        made = Path(scratch) / 'VOCdevkit' / YEAR
        if problems := find_problems(made, counts):
            raise DataError(f'{archive} does not hold the whole data set: {"; ".join(problems)}.')
        if folder.is_dir():
            folder.rmdir()
        shutil.move(made, folder)
    return describe(folder)


def describe(folder: str | Path) -> str:
    """Return one line about the folder ``VOC2012``."""
    folder = Path(folder)
    lists = ', '.join(f'{split} {len(read_ids(folder, split))}' for split in ('train', 'val'))
    images, masks, notes = (
        len(os.listdir(folder / part))
        for part in ('JPEGImages', 'SegmentationClass', 'Annotations')
    )
    return f'{folder}: {lists}, {images} images, {masks} masks, {notes} annotations'
