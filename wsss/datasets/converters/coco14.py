# SPDX-License-Identifier: Apache-2.0
"""From the official archives of MS-COCO 2014 to the folder that ``COCO14`` reads."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ...errors import DataError
from ...fileio import read_json, write_json, write_mask
from ..base import IGNORE
from ..coco_classes import COCO_CLASSES
from ..coco_json import CocoIndex, read_coco_index, read_coco_outlines
from ..image_io import MAX_PIXELS
from ..palette import make_palette
from .archive import extract_zip
from .outlines import Patch, fill_outline

URL = 'http://images.cocodataset.org/'
ARCHIVES = {
    'train2014.zip': ('zips/train2014.zip', '0da8c0bd3d6becc4dcb32757491aca88'),
    'val2014.zip': ('zips/val2014.zip', 'a3d79f5ed8d289b7a7554ce06a5782b3'),
    'annotations_trainval2014.zip': (
        'annotations/annotations_trainval2014.zip',
        '0a379cfc70b0e71301e0f377548639bd',
    ),
}
"""Archive -> address below ``URL`` and published MD5."""

COUNTS = {'train': 82_081, 'val': 40_137}
"""Images of each split that show at least one of the classes."""

MAX_BYTES = 32 << 30
PALETTE = make_palette(len(COCO_CLASSES) + 1)


def paint_instances(
    instances: Iterable[tuple[int, bool, Any]], size: tuple[int, int]
) -> np.ndarray:
    """Return the label ids of an image with its annotated objects.

    Objects overlap. Regions of many objects (255) are painted first, then objects from the largest
    to the smallest, by the pixels they have in the image: what is small lies in front, or would
    not be seen. Of equal ones the later annotation is on top.

    Args:
        instances: ``(label id, is a region of many, outline)`` of each annotation.
        size: ``(H, W)``.

    Returns:
        uint8 ``(H, W)``.

    Raises:
        ValueError: If an outline is damaged.
    """
    shapes: list[tuple[int, list[Patch], int]] = []
    for label, is_crowd, outline in instances:
        patches = fill_outline(outline, size)
        area = sum(int(patch.inside.sum()) for patch in patches)
        shapes.append((-1, patches, IGNORE) if is_crowd else (-area, patches, label))
    mask = np.zeros(size, np.uint8)
    crowds = [shape for shape in shapes if shape[2] == IGNORE]
    objects = [shape for shape in shapes if shape[2] != IGNORE]
    for _, patches, label in [*crowds, *sorted(objects, key=lambda shape: shape[0])]:
        for patch in patches:
            patch.paint(mask, label)
    return mask


def _write_one(task: tuple, folder: Path) -> tuple[str, list[int]]:
    """Write the mask of one image; return its stem and the label ids with pixels."""
    stem, size, instances = task
    try:
        mask = paint_instances(instances, size)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f'the annotations of image {stem} cannot be used: {error}.') from error
    write_mask(folder / f'{stem}.png', mask, PALETTE)
    found = np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[:IGNORE])
    return stem, found[found > 0].tolist()


def _tasks(index: CocoIndex) -> Iterable[tuple]:
    for i, file in enumerate(index.files):
        height, width = index.sizes[i].tolist()
        if not (height > 0 and width > 0 and height * width <= MAX_PIXELS):
            raise DataError(f'image {file} is said to be {height} x {width} pixels.')
        rows = range(index.starts[i], index.starts[i + 1])
        yield (
            Path(file).stem,
            (height, width),
            [(int(index.classes[j]) + 1, bool(index.crowds[j]), index.outlines[j]) for j in rows],
        )


def write_coco_masks(
    instance_file: str | Path, folder: str | Path, num_workers: int = 2, progress: bool = True
) -> int:
    """Write ``<folder>/<stem>.png`` for every image of an instance file.

    ``<folder>.json``, written last, notes the classes in each mask and the file they were made
    from: where it fits nothing is done.

    Args:
        instance_file: ``instances_<split>.json``.
        folder: Made if missing.
        num_workers: Processes; 0 or 1 works in this one.
        progress: Whether to show a bar.

    Returns:
        How many masks are there.

    Raises:
        DataError: If the file or an annotation in it cannot be used.
    """
    folder = Path(folder)
    if masks_are_whole(instance_file, folder):
        return len(read_coco_index(instance_file).files)
    index = read_coco_outlines(instance_file)
    folder.mkdir(parents=True, exist_ok=True)
    work = partial(_write_one, folder=folder)
    bar = partial(
        tqdm, total=len(index.files), desc=f'masks {folder.name}', unit='', disable=not progress
    )
    if num_workers > 1:
        # forked processes start at once; elsewhere they import the package first
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context('fork' if 'fork' in methods else None)
        with ProcessPoolExecutor(num_workers, context) as pool:
            noted = dict(bar(pool.map(work, _tasks(index), chunksize=64)))
    else:
        noted = dict(bar(map(work, _tasks(index))))
    write_json(_note(folder), dict(made_from=_source(instance_file), classes=noted))
    return len(noted)


def masks_are_whole(instance_file: str | Path, folder: str | Path) -> bool:
    """Return whether all masks of an instance file were written from it as it is now."""
    note = _note(Path(folder))
    if not note.is_file() or not Path(folder).is_dir():
        return False
    content = read_json(note, 'note of the classes in masks')
    if not isinstance(content, dict) or content.get('made_from') != _source(instance_file):
        return False
    present = set(os.listdir(folder))
    files = read_coco_index(instance_file).files
    return all(f'{Path(file).stem}.png' in present for file in files)


def _note(folder: Path) -> Path:
    return folder.with_name(f'{folder.name}.json')


def _source(path: str | Path) -> dict:
    return dict(file=Path(path).name, bytes=Path(path).stat().st_size)


def missing_images(folder: str | Path, part: str, count: int | None = None) -> list[str]:
    """Return the files of a split that are not in their folder.

    Args:
        folder: Data root with the instance files.
        part: ``train`` or ``val``.
        count: Images with objects that there must be; None allows any number but zero.

    Raises:
        DataError: If the instance file cannot be used or the count is wrong.
    """
    path = Path(folder) / 'annotations' / f'instances_{part}2014.json'
    index = read_coco_index(path)
    found = int(np.count_nonzero(np.diff(index.starts)))
    if not found or (count is not None and found != count):
        raise DataError(f'{path} has {found} images with objects instead of {count or "some"}.')
    images = Path(folder) / f'{part}2014'
    present = set(os.listdir(images)) if images.is_dir() else set()
    return [file for file in index.files if file not in present]


def extract_folder(archive: str | Path, name: str, target: Path, progress: bool) -> None:
    """Extract the folder ``name`` of a zip archive to ``target / name``.

    It is extracted beside its place and renamed; files that are there already stay.
    """
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{name}.', dir=target) as scratch:
        extract_zip(archive, scratch, max_bytes=MAX_BYTES, progress=progress)
        made = Path(scratch) / name
        if not made.is_dir():
            raise DataError(f'archive {archive} holds no folder {name}. It is not the right one.')
        if not (target / name).exists():
            os.replace(made, target / name)
            return
        for path in made.iterdir():
            if not (target / name / path.name).exists():
                os.replace(path, target / name / path.name)


def convert_coco14(
    target: str | Path,
    fetch: Callable[[str], Path],
    parts: Sequence[str] = tuple(COUNTS),
    counts: dict[str, int] | None = COUNTS,
    num_workers: int = 2,
    progress: bool = True,
) -> str:
    """Extract what is missing in ``target``, check it and write the masks.

    A stopped run continues where it was; what is whole is left alone.

    Args:
        target: The data root; may hold ``train2014``, ``val2014`` and ``annotations`` already.
        fetch: Returns the file of an archive of ``ARCHIVES``; called only for what is missing.
        parts: ``train`` and ``val``, or one of them.
        counts: Images with objects that each must have; None allows any number but zero.
        num_workers: Processes that write masks.
        progress: Whether to show bars.

    Returns:
        One line that says what is there.

    Raises:
        DataError: If an archive cannot be used, files are missing, or counts are wrong.
    """
    target = Path(target).absolute()
    files = {part: target / 'annotations' / f'instances_{part}2014.json' for part in parts}
    if not all(path.is_file() for path in files.values()):
        archive = fetch('annotations_trainval2014.zip')
        extract_folder(archive, 'annotations', target, progress)
    for part in parts:
        count = None if counts is None else counts[part]
        if missing_images(target, part, count):
            archive = fetch(f'{part}2014.zip')
            extract_folder(archive, f'{part}2014', target, progress)
            if missing := missing_images(target, part, count):
                raise DataError(
                    f'{len(missing)} images of {files[part]} are not in {archive}, such as '
                    f'{missing[0]}.'
                )
    return f'{target}: {"; ".join(_finish(path, num_workers, progress) for path in files.values())}'


def _finish(instance_file: Path, num_workers: int, progress: bool) -> str:
    """Write the masks of a split and say what is there."""
    folder = instance_file.stem.removeprefix('instances_')
    masks = instance_file.parents[1] / 'masks' / folder
    there = ' (were there already)' if masks_are_whole(instance_file, masks) else ''
    count = write_coco_masks(instance_file, masks, num_workers, progress)
    index = read_coco_index(instance_file)
    return (
        f'{folder} {np.count_nonzero(np.diff(index.starts))} images with objects of '
        f'{len(index.files)}, {len(index.classes)} objects, {count} masks{there}'
    )
