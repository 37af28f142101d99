# SPDX-License-Identifier: Apache-2.0
"""From the official archives of Oxford-IIIT Pet to the folder that ``OxfordPet`` reads."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from ...errors import DataError
from ...fileio import write_bytes
from ..image_io import FORMATS, MAX_PIXELS
from ..oxford_pet_lists import read_rows
from .archive import extract_tar

URL = 'https://www.robots.ox.ac.uk/~vgg/data/pets/data/'
ARCHIVES = {
    'images.tar.gz': '5c4f3ee8e5d25df40f4fd59a7f44e54c',
    'annotations.tar.gz': '95a8c909bbe2e81eed6a22bccdf3f68f',
}
"""Archive -> published MD5."""

COUNTS = {'trainval': 3680, 'test': 3669}


def listed_ids(folder: Path) -> dict[str, list[str]]:
    """Return the image ids of the official split lists below ``folder``."""
    return {
        split: [image_id for image_id, _ in read_rows(folder / 'annotations' / f'{split}.txt')]
        for split in COUNTS
    }


def find_problems(folder: str | Path, counts: dict[str, int] | None = None) -> list[str]:
    """Return what keeps ``folder`` from being the whole data set; an empty list if nothing does.

    Args:
        folder: Data root.
        counts: Images that ``trainval`` and ``test`` must list; None allows any number but zero.
    """
    folder = Path(folder)
    try:
        splits = listed_ids(folder)
    except DataError as error:
        return [str(error)]
    problems = []
    for split, ids in splits.items():
        wanted = None if counts is None else counts[split]
        if not ids or (wanted is not None and len(ids) != wanted):
            problems.append(f'{split}.txt lists {len(ids)} images instead of {wanted or "some"}')
    ids = sorted({image_id for split in splits.values() for image_id in split})
    for part, suffix in (('images', '.jpg'), ('annotations/trimaps', '.png')):
        present = set(os.listdir(folder / part)) if (folder / part).is_dir() else set()
        missing = [image_id for image_id in ids if image_id + suffix not in present]
        if missing:
            problems.append(
                f'{len(missing)} files are missing in {part}, such as {missing[0]}{suffix}'
            )
    return problems


def repair_image(path: Path) -> str:
    """Make an image an RGB JPEG if it is something else behind its name.

    Returns:
        ``ok`` (left as it was), ``converted``, or ``unreadable`` (damaged, cut off or too
        large; left as it was).
    """
    try:
        with Image.open(path, formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return 'unreadable'
            opened.load()
            if opened.format == 'JPEG' and opened.mode == 'RGB':
                return 'ok'
            image = opened.convert('RGB')
    except Exception:  # Pillow raises many types for damaged content
        return 'unreadable'
    buffer = io.BytesIO()
    image.save(buffer, format='JPEG', quality=95)
    write_bytes(path, buffer.getvalue())
    return 'converted'


def convert_oxford_pet(
    images_tar: str | Path,
    annotations_tar: str | Path,
    target: str | Path,
    counts: dict[str, int] | None = COUNTS,
    num_workers: int = 4,
    progress: bool = True,
) -> str:
    """Extract and check both archives; images that are no RGB JPEG become one.

    Everything happens in a temporary folder beside ``target`` that is renamed at the end: a
    stopped run leaves no half data set. A complete ``target`` is left alone.

    Args:
        images_tar: ``images.tar.gz``.
        annotations_tar: ``annotations.tar.gz``.
        target: The data root to make; missing, empty or complete.
        counts: As in :func:`find_problems`.
        num_workers: Threads that decode images.
        progress: Whether to show bars.

    Returns:
        One line that says what is there.

    Raises:
        DataError: If an archive cannot be used, files are missing or unreadable, the counts are
            wrong, or ``target`` holds something else.
    """
    target = Path(target).absolute()
    if target.is_dir() and os.listdir(target):
        problems = find_problems(target, counts)
        if problems:
            raise DataError(
                f'{target} is not empty and not the whole data set ({"; ".join(problems)}). Delete '
                'it or choose another folder.'
            )
        return f'{describe(target)} (was there already)'
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{target.name}.', dir=target.parent) as scratch:
        made = Path(scratch) / target.name
        extract_tar(annotations_tar, made, progress=progress)
        extract_tar(images_tar, made, progress=progress)
        problems = find_problems(made, counts)
        if problems:
            raise DataError(
                f'{images_tar} and {annotations_tar} do not hold the whole data set: '
                f'{"; ".join(problems)}.'
            )
        converted = _repair_images(made, num_workers, progress)
        if target.is_dir():
            target.rmdir()
        shutil.move(made, target)
    return f'{describe(target)}; {converted} images were converted to RGB JPEG'


def _repair_images(folder: Path, num_workers: int, progress: bool) -> int:
    """Repair all images, drop unlisted ones that cannot be read; return how many were converted."""
    listed = {image_id for ids in listed_ids(folder).values() for image_id in ids}
    paths = sorted((folder / 'images').glob('*.jpg'))
    with ThreadPoolExecutor(max_workers=max(num_workers, 1)) as pool:
        results = pool.map(repair_image, paths)
        states = list(tqdm(results, desc='check images', total=len(paths), disable=not progress))
    unreadable = [path for path, state in zip(paths, states) if state == 'unreadable']
    bad = [path.name for path in unreadable if path.stem in listed]
    if bad:
        raise DataError(
            f'{len(bad)} images of the split lists cannot be decoded, such as '
            f'{", ".join(bad[:3])}. Load the archive again.'
        )
    for path in unreadable:
        path.unlink()
    return states.count('converted')


def describe(folder: Path) -> str:
    """Return what is in a data root, in one line."""
    splits = listed_ids(folder)
    counted = {
        part: sum(name.endswith(suffix) for name in os.listdir(folder / part))
        if (folder / part).is_dir()
        else 0
        for part, suffix in (
            ('images', '.jpg'),
            ('annotations/trimaps', '.png'),
            ('annotations/xmls', '.xml'),
        )
    }
    return (
        f'{folder}: trainval {len(splits["trainval"])}, test {len(splits["test"])}, '
        f'{counted["images"]} images, {counted["annotations/trimaps"]} trimaps, '
        f'{counted["annotations/xmls"]} head boxes'
    )
