# SPDX-License-Identifier: Apache-2.0
"""Image labels from masks: the classes that have pixels."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ...errors import ConfigError, DataError, WSSSError
from ...fileio import read_json, write_json
from ...registry import LABEL_SOURCES
from ..content import cache_folder, settled, stamp
from ..mask_io import read_mask
from ..pictures import Pictures
from .base import FoundLabels, LabelRow, LabelSource

VERSION = 1


@LABEL_SOURCES.register_module()
class MaskLabels(LabelSource):
    """The classes that have pixels in the mask of each picture; FolderDataset's ``masks``.

    Every mask is opened once, in threads. What was found is kept in a small file of the user's
    cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``, in it ``wsss/mask_labels``), named by a
    digest of names, sizes and times of change, so that a changed mask is read again. The file may
    be deleted at any time. A picture without mask is unlabelled. Needs ``classes`` of
    FolderDataset: masks hold numbers, not names.

    Args:
        min_pixels: A class with fewer pixels does not count, at least 1.

    Raises:
        ConfigError: If ``min_pixels`` is not a positive integer.

    Example:
        >>> MaskLabels(min_pixels=20).min_pixels
        20
    """

    def __init__(self, min_pixels: int = 1):
        if isinstance(min_pixels, bool) or not isinstance(min_pixels, int) or min_pixels < 1:
            raise ConfigError(
                f'MaskLabels.min_pixels must be a positive integer, got {min_pixels!r}'
            )
        self.min_pixels = min_pixels

    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the classes of each picture that has a mask."""
        if classes is None:
            raise ConfigError(
                'MaskLabels needs classes=[...] of FolderDataset: masks hold numbers, not names.'
            )
        if not pictures.masks:
            raise ConfigError('MaskLabels needs masks=FOLDER of FolderDataset.')
        present = self._present(pictures.masks, pictures.mask_values, len(classes) + 1)
        return FoundLabels(
            [
                LabelRow(file, [classes[i - 1] for i in ids], f'mask {pictures.masks[file]}')
                for file, ids in present.items()
            ],
            classes,
        )

    def _present(
        self, masks: Mapping[str, Path], values: Mapping[int, int] | None, num_labels: int
    ) -> dict:
        """Return the label ids of the classes in each mask, from the cache if it has them."""
        stamps = {file: stamp(path) for file, path in masks.items()}
        digest = self._digest(stamps, masks, values, num_labels)
        cache = cache_folder() / 'mask_labels' / f'{digest}.json'
        if cache.is_file():
            try:
                return check_cache(read_json(cache, 'cache'), masks, num_labels)
            except DataError:
                cache.unlink(missing_ok=True)
        with ThreadPoolExecutor() as pool:
            work = pool.map(lambda path: self._classes_in(path, values, num_labels), masks.values())
            present = dict(zip(masks, work))
        if all(known and settled(known) for known in stamps.values()):
            with contextlib.suppress(WSSSError, OSError):  # no cache, no harm
                write_json(cache, present)
        return present

    def _digest(
        self, stamps: Mapping, masks: Mapping[str, Path], values: Mapping | None, num_labels: int
    ) -> str:
        table = None if values is None else sorted(values.items())
        made_from = (VERSION, self.min_pixels, num_labels, table)
        digest = hashlib.sha256(repr(made_from).encode())
        for file, path in masks.items():
            digest.update(repr((file, str(path), stamps[file])).encode())
        return digest.hexdigest()[:32]

    def _classes_in(
        self, path: Path, values: Mapping[int, int] | None, num_labels: int
    ) -> list[int]:
        mask = read_mask(path, num_labels, values=None if values is None else dict(values))
        counts = np.bincount(mask.ravel(), minlength=num_labels)[1:num_labels]
        return [int(i) + 1 for i in np.flatnonzero(counts >= self.min_pixels)]


def check_cache(content: object, masks: Mapping[str, Path], num_labels: int) -> dict:
    """Return the content of a cache file.

    Raises:
        DataError: If it is not the label ids of exactly these masks.
    """
    right = isinstance(content, dict) and content.keys() == masks.keys()
    if not right or not all(
        isinstance(ids, list) and all(isinstance(i, int) and 0 < i < num_labels for i in ids)
        for ids in content.values()
    ):
        raise DataError('the cache of the labels in masks is damaged')
    return content
