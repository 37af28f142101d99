# SPDX-License-Identifier: Apache-2.0
"""Masks of SBD for VOC 2012: ``SegmentationClassAug`` and the list ``train_aug``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from ...errors import DataError
from ...fileio import write_bytes, write_mask
from ..image_io import image_size
from ..palette import make_palette
from .archive import extract_tar
from .mat5 import read_mat_structs, whole_numbers
from .voc12 import YEAR, read_id_file, read_ids

URL = 'http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/'
ARCHIVE = 'benchmark.tgz'
ARCHIVES = {ARCHIVE: (ARCHIVE, '82b4d87ceb2ed10f6038a1cba92111cb')}
"""Archive -> address below ``URL`` and published MD5."""

COUNT = 10_582
"""Images of train_aug: train of VOC, train and val of SBD, without val of VOC."""

NUM_CLASSES = 20
PALETTE = make_palette(NUM_CLASSES + 1)
_INSIDE = ('benchmark_RELEASE', 'dataset')


def read_sbd_mask(path: str | Path) -> np.ndarray:
    """Read the label ids of one image.

    Args:
        path: A file of ``cls/`` (``GTcls.Segmentation``, label ids) or of ``inst/``
            (``GTinst.Segmentation``, numbers of objects, and ``GTinst.Categories``, their ids).

    Returns:
        uint8 ``(H, W)``: 0 background, 1..20 classes. SBD has no void.

    Raises:
        DataError: If the file is damaged or holds something else.
    """
    structs = read_mat_structs(path)
    try:
        if 'GTcls' in structs:
            mask = whole_numbers(structs['GTcls']['Segmentation'])
        else:
            categories = whole_numbers(structs['GTinst']['Categories'].ravel())
            mask = whole_numbers(structs['GTinst']['Segmentation'])
            if mask.max(initial=0) > len(categories):
                raise ValueError(f'object {mask.max()} of {len(categories)}')
            mask = np.concatenate([[0], categories])[mask]
    except (KeyError, ValueError) as error:
        reason = f'it has no {error}' if isinstance(error, KeyError) else str(error)
        raise DataError(
            f'{path} is not an annotation of SBD: {reason}. It must hold GTcls.Segmentation, or '
            'GTinst.Segmentation and GTinst.Categories.'
        ) from error
    if mask.max(initial=0) > NUM_CLASSES:
        raise DataError(f'{path} holds the label id {mask.max()}; allowed are 0..{NUM_CLASSES}.')
    return mask.astype(np.uint8)


def train_aug_ids(voc: str | Path, sbd: str | Path) -> list[str]:
    """Return train of VOC and train and val of SBD, without val of VOC, sorted.

    Args:
        voc: The folder ``VOC2012``.
        sbd: The folder with ``train.txt`` and ``val.txt`` of SBD.
    """
    lists = [
        read_ids(voc, 'train'),
        *(read_id_file(Path(sbd) / f'{s}.txt') for s in ('train', 'val')),
    ]
    return sorted({image_id for ids in lists for image_id in ids} - set(read_ids(voc, 'val')))


def convert_sbd(
    target: str | Path,
    fetch: Callable[[str], Path],
    count: int | None = COUNT,
    num_workers: int = 4,
    progress: bool = True,
) -> str:
    """Add ``SegmentationClassAug`` and ``train_aug.txt`` to VOC 2012.

    Images of train and val of VOC keep their masks, with void; the others get those of SBD. The
    list is written last: where it and all its masks are there nothing is done, and a stopped run
    continues.

    Args:
        target: The data root that contains ``VOC2012``.
        fetch: Returns the file of an archive of ``ARCHIVES``, or a folder that it was extracted to;
            called only if it is needed.
        count: Images that the list must have; None allows any number.
        num_workers: Threads that write masks.
        progress: Whether to show bars.

    Returns:
        One line that says what is there.

    Raises:
        DataError: If VOC 2012 is missing, the archive cannot be used, images are missing, a mask is
            damaged or not of the size of its image, or the count is wrong.
    """
    voc = Path(target).absolute() / YEAR
    if not (voc / 'JPEGImages').is_dir():
        raise DataError(
            f'{voc} has no JPEGImages. Make it with tools/dataset_converters/voc12.py first.'
        )
    if line := _finished(voc, count):
        return f'{line} (was there already)'
    archive = fetch(ARCHIVE)
    with tempfile.TemporaryDirectory(prefix='.sbd.', dir=voc) as scratch:
        folder = Path(archive)
        if not folder.is_dir():
            extract_tar(archive, scratch, progress=progress, keep=_is_needed)
            folder = Path(scratch)
        sbd = folder.joinpath(*_INSIDE) if folder.joinpath(*_INSIDE).is_dir() else folder
        ids = train_aug_ids(voc, sbd)
        if count is not None and len(ids) != count:
            raise DataError(f'{archive}: train_aug has {len(ids)} images instead of {count}.')
        _check_images(voc, ids)
        _write_masks(voc, sbd, ids, num_workers, progress)
    text = ''.join(f'{image_id}\n' for image_id in ids)
    write_bytes(_list_path(voc), text.encode())
    return _finished(voc, count)


def _is_needed(path: PurePosixPath) -> bool:
    return path.parts[:2] == _INSIDE and (path.suffix == '.txt' or path.parts[2] == 'cls')


def _list_path(voc: Path) -> Path:
    return voc / 'ImageSets' / 'Segmentation' / 'train_aug.txt'


def _finished(voc: Path, count: int | None) -> str:
    """Return one line if the list and all its masks are there, else an empty string."""
    folder = voc / 'SegmentationClassAug'
    if not (_list_path(voc).is_file() and folder.is_dir()):
        return ''
    ids = read_ids(voc, 'train_aug')
    present = set(os.listdir(folder))
    if count not in (None, len(ids)) or not all(f'{i}.png' in present for i in ids):
        return ''
    own = len(set(ids) & set(read_ids(voc, 'train')))
    return (
        f'{voc}: train_aug {len(ids)} ({own} with masks of VOC, {len(ids) - own} of SBD), '
        f'{len(present)} masks in {folder.name}'
    )


def _check_images(voc: Path, ids: list[str]) -> None:
    present = set(os.listdir(voc / 'JPEGImages'))
    missing = [image_id for image_id in ids if f'{image_id}.jpg' not in present]
    if missing:
        raise DataError(
            f'{len(missing)} of {len(ids)} images of train_aug are missing below '
            f'{voc / "JPEGImages"}, such as {", ".join(missing[:3])} (.jpg). VOC 2012 must '
            'be whole.'
        )


def _write_masks(voc: Path, sbd: Path, ids: list[str], num_workers: int, progress: bool) -> None:
    """Write the masks of train_aug, and of val, that are not there yet."""
    folder = voc / 'SegmentationClassAug'
    folder.mkdir(exist_ok=True)
    present = set(os.listdir(folder))
    own = {*read_ids(voc, 'train'), *read_ids(voc, 'val')}
    todo = [i for i in sorted({*ids, *own}) if f'{i}.png' not in present]
    work = partial(_write_one, voc=voc, sbd=sbd, own=own)
    with ThreadPoolExecutor(num_workers) as pool:
        done = pool.map(work, todo)
        for _ in tqdm(done, 'masks', len(todo), unit='', disable=not progress):
            pass


def _write_one(image_id: str, voc: Path, sbd: Path, own: set[str]) -> None:
    path = voc / 'SegmentationClassAug' / f'{image_id}.png'
    if image_id in own:
        try:
            write_bytes(path, (voc / 'SegmentationClass' / path.name).read_bytes())
        except FileNotFoundError as error:
            raise DataError(f'mask {error.filename} is missing. VOC 2012 must be whole.') from error
        return
    found = [sbd / part / f'{image_id}.mat' for part in ('cls', 'inst')]
    source = next((file for file in found if file.is_file()), found[0])
    mask = read_sbd_mask(source)
    header = image_size(voc / 'JPEGImages' / f'{image_id}.jpg')
    size = header.height, header.width
    if mask.shape != size:
        raise DataError(f'{source} is {mask.shape} (height, width), its image {size}.')
    write_mask(path, mask, PALETTE)
