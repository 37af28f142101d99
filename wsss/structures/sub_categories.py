# SPDX-License-Identifier: Apache-2.0
"""Which images of a class look alike: the table that rounds of sub-category exploration make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..fileio import read_json, write_json

FORMAT, VERSION = 'wsss sub-categories', 1


@dataclass(frozen=True)
class SubCategories:
    """Sub-classes of the images of a data set.

    Args:
        dataset: Name of the data set.
        split: Of the images.
        classes: Names of the image-level classes.
        counts: How many sub-classes each class has; 0 for a class without images.
        images: Image id -> class id -> sub-class, counted from 0 within the class.
        transductive: Whether images were clustered that are not the training images.
        clusterer: Its config.
        soft: Image id -> class id -> how much the image belongs to each sub-class, numbers that
            sum to 1; None where the clustering has not kept it.

    Example:
        >>> table = SubCategories('Pets', 'train', ('cat', 'dog'), (2, 3), {'a': {1: 2}})
        >>> table.target('a', [1]).tolist()
        [0.0, 0.0, 0.0, 0.0, 1.0]
    """

    dataset: str
    split: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    images: dict[str, dict[int, int]]
    transductive: bool = False
    clusterer: dict = field(default_factory=dict)
    soft: dict[str, dict[int, Sequence[float]]] | None = None

    @property
    def total(self) -> int:
        """Number of sub-classes of all classes."""
        return sum(self.counts)

    @cached_property
    def offsets(self) -> list[int]:
        """Where the sub-classes of each class begin among all."""
        return np.cumsum([0, *self.counts])[:-1].tolist()

    @cached_property
    def parents(self) -> list[int]:
        """Class of each sub-class."""
        return np.repeat(np.arange(len(self.counts)), self.counts).tolist()

    def target(self, image_id: str, labels: Sequence[int]) -> np.ndarray:
        """Return the sub-classes of an image, float32 ``(S,)`` of 0 and 1.

        Args:
            image_id: Which image.
            labels: Ids of its classes; none give zeros.

        Raises:
            DataError: If the table does not know the image, or knows it with other classes.
        """
        target = np.zeros(self.total, dtype=np.float32)
        for label, sub in self._of(image_id, labels).items():
            target[self.offsets[label] + sub] = 1
        return target

    def soft_target(self, image_id: str, labels: Sequence[int]) -> np.ndarray:
        """Return how much an image belongs to each sub-class of its classes, float32 ``(S,)``."""
        target = np.zeros(self.total, dtype=np.float32)
        for label in self._of(image_id, labels):
            shares = np.asarray(self.soft[image_id][label], dtype=np.float32)
            start = self.offsets[label]
            target[start : start + len(shares)] = shares / shares.sum()
        return target

    def _of(self, image_id: str, labels: Sequence[int]) -> dict[int, int]:
        if not len(labels):
            return {}
        known = self.images.get(image_id)
        if known is None:
            raise DataError(
                f'image {image_id!r} is not among the {len(self.images)} images of the '
                f'sub-categories, which are of {self.dataset}, split {self.split!r}. Cluster the '
                'images that are trained on.'
            )
        if set(known) != set(labels):
            raise DataError(
                f'image {image_id!r} has the classes {sorted(labels)}, in the sub-categories (of '
                f'{self.dataset}, split {self.split!r}) {sorted(known)}. Cluster it anew.'
            )
        return known

    def frequencies(self) -> np.ndarray:
        """Return how much of the images each sub-class has, float32 ``(S,)`` in (0, 1).

        One image more is counted as having it and one as not, so that none is 0 or 1.
        """
        counts = np.ones(self.total, dtype=np.float32)
        for image_id, row in self.images.items():
            counts += self.target(image_id, list(row))
        return counts / (len(self.images) + 2)

    def check_classes(self, classes: Sequence[str], where: str) -> None:
        """Refuse another class list.

        Raises:
            DataError: Naming both.
        """
        if tuple(classes) != self.classes:
            raise DataError(
                f'{where}: the sub-categories are of the {len(self.classes)} classes '
                f'{_short(self.classes)} of {self.dataset}, the data set has the {len(classes)} '
                f'classes {_short(classes)}. Cluster the data set that is trained on.'
            )

    def check_source(self, dataset: str, split: str, where: str) -> None:
        """Refuse a table of another data set, or of another split unless it is transductive.

        Raises:
            DataError: Naming both.
        """
        if dataset != self.dataset or (split != self.split and not self.transductive):
            raise DataError(
                f'{where}: the sub-categories are of {self.dataset}, split {self.split!r}, the '
                f'images are of {dataset}, split {split!r}. Cluster the images that are trained on.'
            )

    def write(self, path: str | Path) -> None:
        """Write the table as JSON, in one step."""
        names = self.classes

        def by_name(rows: dict) -> dict:
            return {k: {names[i]: v for i, v in row.items()} for k, row in sorted(rows.items())}

        content = dict(
            format=FORMAT,
            version=VERSION,
            dataset=self.dataset,
            split=self.split,
            transductive=self.transductive,
            clusterer=self.clusterer,
            sub_categories=dict(zip(names, self.counts)),
            images=by_name(self.images),
        )
        if self.soft is not None:
            content['soft'] = by_name(self.soft)
        write_json(path, content, indent=None)

    @classmethod
    def read(cls, path: str | Path) -> SubCategories:
        """Read a table.

        Raises:
            DataError: If it is missing, damaged or not such a table.
        """
        content = read_json(path, 'sub-categories')
        try:
            return cls(**_parsed(content))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f'sub-categories {path} cannot be used ({error}). Take the sub_categories.json of '
                'a stage with wsss.SubCategoryLoop, or run it again with --redo.'
            ) from error


def _parsed(content: dict) -> dict[str, Any]:
    """Return the arguments of :class:`SubCategories` of what a file holds."""
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ValueError(f'it is not marked as {FORMAT!r}')
    if content.get('version') != VERSION:
        raise ValueError(f'it is of version {content.get("version")!r}, not {VERSION}')
    if not isinstance(content['transductive'], bool):
        raise ValueError('transductive must be true or false')
    counts = content['sub_categories']
    ids = {name: i for i, name in enumerate(counts)}
    if not counts or not all(_is_index(count) for count in counts.values()):
        raise ValueError('sub_categories must be the number of sub-classes of each class')
    images, soft = content['images'], content.get('soft')
    for image_id, row in images.items():
        for name, sub in row.items():
            if not _is_index(sub) or sub >= counts[name]:
                raise ValueError(f'image {image_id!r}: {name} has no sub-class {sub!r}')
            shares = [1.0] * counts[name] if soft is None else soft[image_id][name]
            if len(shares) != counts[name] or not _are_shares(shares):
                raise ValueError(f'image {image_id!r}: {name} has the shares {shares!r}')

    def by_id(rows: dict) -> dict:
        return {key: {ids[name]: value for name, value in row.items()} for key, row in rows.items()}

    return dict(
        dataset=str(content['dataset']),
        split=str(content['split']),
        classes=tuple(counts),
        counts=tuple(counts.values()),
        images=by_id(images),
        transductive=content['transductive'],
        clusterer=dict(content['clusterer']),
        soft=None if soft is None else by_id(soft),
    )


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_shares(values: Sequence[Any]) -> bool:
    return (
        all(isinstance(v, (int, float)) and 0 <= v <= 1 for v in values) and math.fsum(values) > 0
    )


def _short(names: Sequence[str]) -> str:
    return f'{", ".join(map(str, names[:3]))}{", ..." if len(names) > 3 else ""}'
