# SPDX-License-Identifier: Apache-2.0
"""The instance annotations of MS-COCO, read once and kept small."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..fileio import check_plain
from .coco_classes import COCO_CLASSES, COCO_IDS

MAX_BYTES = 2 << 30
"""Larger files are refused; the largest official one has 0.47 GB."""

# An outline, or a run-length code without nested braces. It is nine tenths of the file and takes
# most of the time and memory of parsing. In valid JSON the quoted key followed by a colon can only
# be the key: inside of a string the quotes are escaped. What does not match is parsed and ignored.
_OUTLINE = re.compile(
    rb'"segmentation"\s*:\s*(?:\[[\[\]0-9eE.,+\-\s]*\](?=\s*[,}])|\{[^{}]*\}(?=\s*[,}]))'
)


@dataclass(frozen=True)
class CocoIndex:
    """What an instance file says, in arrays; annotations are sorted by image.

    Args:
        files: File name of each of N images.
        sizes: int ``(N, 2)``, height and width.
        starts: int ``(N + 1,)``; annotations of image ``i`` are ``starts[i]:starts[i + 1]``.
        classes: int ``(A,)``, 0-based class of each annotation.
        crowds: bool ``(A,)``, whether it is a region of many objects not told apart.
        boxes: float ``(A, 4)``: x1, y1, x2, y2 in pixels, exclusive ends.
        outlines: The ``segmentation`` of each annotation, polygons as float32 arrays; None if they
            were not asked for.
    """

    files: tuple[str, ...]
    sizes: np.ndarray
    starts: np.ndarray
    classes: np.ndarray
    crowds: np.ndarray
    boxes: np.ndarray
    outlines: tuple[Any, ...] | None = None

    @property
    def owners(self) -> np.ndarray:
        """The image of each annotation, int ``(A,)``."""
        return np.repeat(np.arange(len(self.files)), np.diff(self.starts))

    def labels(self) -> list[list[int]]:
        """Return the sorted 0-based classes of each image; crowds count."""
        owners, classes = np.divmod(
            np.unique(self.owners * len(COCO_IDS) + self.classes), len(COCO_IDS)
        )
        return self._split(owners, classes.tolist())

    def object_boxes(self) -> list[list[tuple[float, float, float, float, int]]]:
        """Return the boxes of each image with their class, without crowds and empty boxes."""
        keep = ~self.crowds & (self.boxes[:, :2] < self.boxes[:, 2:]).all(axis=1)
        rows = zip(*self.boxes[keep].T.tolist(), self.classes[keep].tolist())
        return self._split(self.owners[keep], list(rows))

    def _split(self, owners: np.ndarray, rows: list) -> list[list]:
        ends = np.searchsorted(owners, np.arange(len(self.files) + 1)).tolist()
        return [rows[start:end] for start, end in zip(ends, ends[1:])]


def read_coco_index(path: str | Path) -> CocoIndex:
    """Read an instance file without its outlines; the file is parsed once per process.

    About 3 s and 0.2 GB for the 0.45 GB of ``instances_train2014.json``.

    Raises:
        DataError: If the file is missing, too large, no such file, or not of the 80 things.
    """
    stat = _stat(path)
    return _cached_index(str(path), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _cached_index(path: str, size: int, changed: int) -> CocoIndex:
    with _parsing(path):
        with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            content = json.loads(_OUTLINE.sub(b'"segmentation":0', text))
        return _make_index(content, outlines=False)


def read_coco_outlines(path: str | Path) -> CocoIndex:
    """Read an instance file with its outlines, as the converter needs it.

    Raises:
        DataError: As :func:`read_coco_index`.
    """
    _stat(path)
    with _parsing(path):
        content = json.loads(Path(path).read_bytes(), object_hook=_pack_outline)
        return _make_index(content, outlines=True)


def _pack_outline(row: dict) -> dict:
    """Turn polygons into arrays while parsing: lists of Python floats take eight times the room."""
    if isinstance(row.get('segmentation'), list):
        row['segmentation'] = [np.asarray(part, np.float32) for part in row['segmentation']]
    return row


@contextmanager
def _parsing(path: str | Path) -> Iterator[None]:
    """Name the file in whatever its content raises."""
    try:
        yield
    except (
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        reason = f'no {error}' if isinstance(error, KeyError) else str(error)
        raise DataError(
            f'instance file {path} cannot be used: {reason}. It must be instances_<split>.json of '
            'MS-COCO: images, annotations and the 80 categories.'
        ) from error


def _stat(path: str | Path):
    try:
        check_plain(path, f'instance file {path}')
        stat = Path(path).stat()
    except OSError as error:
        raise DataError(
            f'instance file {path} cannot be read: {error.strerror or error}. '
            'tools/dataset_converters/coco14.py extracts it.'
        ) from error
    if not 0 < stat.st_size <= MAX_BYTES:
        raise DataError(
            f'instance file {path} has {stat.st_size} bytes; allowed are 1 to {MAX_BYTES}.'
        )
    return stat


def _make_index(content: Any, outlines: bool) -> CocoIndex:
    categories = sorted((row['id'], row['name']) for row in content['categories'])
    if categories != list(zip(COCO_IDS, COCO_CLASSES)):
        raise ValueError(f'its {len(categories)} categories are not the 80 of COCO')
    images, annotations = content['images'], content['annotations']
    numbers = {row['id']: i for i, row in enumerate(images)}
    if len(numbers) != len(images):
        raise ValueError('an image id appears twice')
    files = tuple(str(row['file_name']) for row in images)
    for file in files:
        if file in ('', '.', '..') or set(file) & set('/\\\0'):
            raise ValueError(f'the file name {file!r} is not a plain name')
    owner = np.array([numbers[row['image_id']] for row in annotations], np.int64)
    order = np.argsort(owner, kind='stable')
    class_of = {number: i for i, number in enumerate(COCO_IDS)}
    boxes = np.array([row['bbox'] for row in annotations], np.float64).reshape(-1, 4)
    if not np.isfinite(boxes).all():
        raise ValueError('a bbox is not finite')
    boxes[:, 2:] += boxes[:, :2]
    return CocoIndex(
        files=files,
        sizes=np.array([(row['height'], row['width']) for row in images], np.int64).reshape(-1, 2),
        starts=np.searchsorted(owner[order], np.arange(len(images) + 1)),
        classes=np.array([class_of[row['category_id']] for row in annotations], np.int64)[order],
        crowds=np.array([bool(row.get('iscrowd')) for row in annotations], bool)[order],
        boxes=boxes[order],
        outlines=tuple(annotations[i]['segmentation'] for i in order) if outlines else None,
    )
