# SPDX-License-Identifier: Apache-2.0
"""Open every image and mask of a data set and say what is wrong with which."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

import cv2
import numpy as np

from ..errors import DataError
from .base import WSSSDataset
from .image_io import image_size, read_image
from .mask_io import allowed_values, read_index

_CHUNK = 16


class FileFacts(NamedTuple):
    """What the files of one image hold.

    Args:
        size: ``(H, W)`` upright, from the header; None if it cannot be read.
        values: Value in the mask file -> pixels.
        problems: ``(file, what is wrong with it)``.
    """

    size: tuple[int, int] | None
    values: dict[int, int]
    problems: tuple[tuple[str, str], ...]


def check_record(info: dict, decode: bool = True) -> FileFacts:
    """Open the files of one image.

    Args:
        info: Of ``WSSSDataset.get_data_info``.
        decode: False reads the header of the image alone.
    """
    problems: list[tuple[str, str]] = []
    values: dict[int, int] = {}
    size = None
    path, mask_path = info['img_path'], info['mask_path']
    try:
        if decode:
            size = read_image(path).shape[:2]
        else:
            header = image_size(path)
            size = header.height, header.width
    except DataError as error:
        problems.append((path, str(error)))
    if decode and mask_path is not None:
        try:
            mask = read_index(mask_path, size)
            counts = np.bincount(mask.ravel(), minlength=256)
            values = {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
            allowed = allowed_values(info['num_labels'], info['mask_values'])
            illegal = sorted(values.keys() - allowed.keys())
            if illegal:
                raise DataError(
                    f'mask {mask_path} holds the values {illegal[:10]}; allowed are '
                    f'{sorted(allowed)}.'
                )
        except DataError as error:
            problems.append((mask_path, str(error)))
    if size is not None:
        problems += [(path, text) for text in _bad_boxes(info['boxes'], size)]
    return FileFacts(size, values, tuple(problems))


def _bad_boxes(boxes: list, size: tuple[int, int]) -> list[str]:
    height, width = size
    bad = []
    for box in boxes:
        x1, y1, x2, y2 = box[:4]
        # annotators' tools round to the next pixel
        if not (-1 <= x1 < x2 <= width + 1 and -1 <= y1 < y2 <= height + 1):
            bad.append(
                f'box {tuple(round(v, 1) for v in box[:4])} (x1, y1, x2, y2) is empty or not '
                f'inside the image of {height} x {width} (height x width).'
            )
    return bad


_dataset: WSSSDataset | None = None
_decode = True


def _start_worker(dataset: WSSSDataset, decode: bool) -> None:
    global _dataset, _decode
    _dataset, _decode = dataset, decode
    cv2.setNumThreads(0)


def _check_index(index: int) -> FileFacts:
    return check_record(_dataset.get_data_info(index), _decode)


def check_files(
    dataset: WSSSDataset,
    workers: int = 2,
    decode: bool = True,
    progress: Callable[[int, int], Any] | None = None,
) -> list[FileFacts]:
    """Open the files of all images, in worker processes.

    Args:
        dataset: What to check.
        workers: Processes; 0 uses none but this one.
        decode: False reads the headers of the images alone.
        progress: Called with the number of images done and of all.

    Returns:
        One entry for each image, in order.

    Raises:
        DataError: If a worker is killed, for want of memory as a rule.
    """
    total = len(dataset)
    facts: list[FileFacts] = []

    def collect(results: Any) -> None:
        for result in results:
            facts.append(result)
            if progress is not None:
                progress(len(facts), total)

    if workers == 0:
        collect(check_record(dataset.get_data_info(i), decode) for i in range(total))
        return facts
    context = multiprocessing.get_context('fork')
    try:
        with ProcessPoolExecutor(workers, context, _start_worker, (dataset, decode)) as pool:
            collect(pool.map(_check_index, range(total), chunksize=_CHUNK))
    except BrokenProcessPool as error:
        start = len(facts)
        near = dataset.get_data_info(min(start, total - 1))['image_id']
        raise DataError(
            f'a worker process was killed after {start} of {total} images, near {near!r}: there '
            'was not enough memory, or a file crashes its decoder. Try --workers 0.'
        ) from error
    return facts
