# SPDX-License-Identifier: Apache-2.0
"""What all sources of image labels share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import DataError, near_matches
from ...fileio import MAX_LIST_BYTES, read_text
from ..pictures import Pictures

BACKGROUND = 'background'


@dataclass
class LabelRow:
    """What a source says of one picture.

    Args:
        file: The picture as the source names it.
        names: Classes in it; none means that it shows none of the classes.
        where: File and line, for messages.
        boxes: ``(x1, y1, x2, y2, class)`` in pixels, exclusive ends.
    """

    file: str
    names: Sequence[str]
    where: str
    boxes: Sequence[tuple[float, float, float, float, str]] = ()


@dataclass
class FoundLabels:
    """What a source found.

    Args:
        rows: One or more for each picture it knows; several add up.
        classes: All its classes in its own order; None means the names of the rows, sorted.
    """

    rows: list[LabelRow]
    classes: Sequence[str] | None = None


class LabelSource(ABC):
    """Base of the sources of image labels: read what they say, nothing more.

    Classes are numbered, and pictures looked up, by :func:`number_labels`, the same for all.
    """

    @abstractmethod
    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the classes of the pictures.

        Args:
            pictures: What there is.
            classes: Class names that the user gave, or None.

        Raises:
            DataError: If a file is missing or malformed, naming file and line.
        """


@dataclass
class NumberedLabels:
    """Image labels by number.

    Args:
        classes: Names of the classes.
        labels: Picture -> sorted class ids, 0-based; pictures without an entry are unlabelled.
        boxes: Picture -> ``(x1, y1, x2, y2, class id)``.
    """

    classes: tuple[str, ...]
    labels: dict[str, list[int]] = field(default_factory=dict)
    boxes: dict[str, list[tuple[float, float, float, float, int]]] = field(default_factory=dict)


def number_labels(
    found: FoundLabels,
    pictures: Pictures,
    classes: Sequence[str] | None = None,
    ignore_missing: bool = False,
) -> NumberedLabels:
    """Turn names of classes and pictures into ids and files.

    Args:
        found: What the source says.
        pictures: The pictures there are.
        classes: Names in order of their ids; None takes those of the source.
        ignore_missing: Pass over rows about pictures that are not there.

    Raises:
        DataError: For an unknown class or picture; names file and line and the nearest names.
    """
    if classes is None:
        classes = found.classes
    if classes is None:
        classes = sorted({name for row in found.rows for name in row.names})
    check_classes(classes, found)
    index = {name: number for number, name in enumerate(classes)}
    result = NumberedLabels(tuple(classes))
    missing: list[LabelRow] = []
    for row in found.rows:
        for name in row.names:
            if name not in index:
                raise DataError(_unknown_class(name, row, found.rows, classes))
        file = pictures.find(row.file)
        if file is None:
            missing.append(row)
            continue
        ids = {*result.labels.get(file, ()), *(index[name] for name in row.names)}
        result.labels[file] = sorted(ids)
        if row.boxes:
            boxes = [(*box[:4], index[box[4]]) for box in row.boxes]
            result.boxes.setdefault(file, []).extend(boxes)
    if missing and not ignore_missing:
        row = missing[0]
        others = f' {len(missing)} of {len(found.rows)} rows are like this.' * (len(missing) > 1)
        raise DataError(
            f'{row.where}: there is no picture {row.file!r} below {pictures.folder}, or its name '
            f'fits several.{near_matches(row.file, pictures.names)}{others} Give the path below '
            'that folder, or set ignore_missing=True of FolderDataset to pass over such rows.'
        )
    return result


def check_classes(classes: Sequence[str], found: FoundLabels | None = None) -> None:
    """Refuse class names that cannot be used.

    Raises:
        DataError: If there is none, one is empty, or called background, or appears twice.
    """
    if not classes:
        rows = '' if found is None else f' in {len(found.rows)} rows'
        raise DataError(
            f'the source of the image labels names no class{rows}. Check its file, or give the '
            'class names as classes=[...] of FolderDataset.'
        )
    lower = [str(name).strip().lower() for name in classes]
    for name, short in zip(classes, lower):
        if not short or short == BACKGROUND:
            raise DataError(
                f'{name!r} cannot be the name of a class: label 0 is the background, and a picture '
                'that shows none of the classes has no label at all. Leave the name out.'
            )
    double = [name for name, short in zip(classes, lower) if lower.count(short) > 1]
    if double:
        raise DataError(
            f'class names must differ by more than upper and lower case, got {", ".join(double)}.'
        )


def _unknown_class(
    name: str, row: LabelRow, rows: Sequence[LabelRow], classes: Sequence[str]
) -> str:
    count = sum(name in other.names for other in rows)
    several = f' ({count} rows)' if count > 1 else ''
    return (
        f'{row.where}: unknown class {name!r}{several}.{near_matches(name, classes)} Allowed are '
        f'{", ".join(map(repr, classes))}: correct the row or classes of FolderDataset.'
    )


def read_text_file(path: Path, what: str, max_bytes: int = MAX_LIST_BYTES) -> str:
    """Return the content of a text file.

    Raises:
        DataError: If it is missing, too large or not UTF-8.
    """
    try:
        return read_text(path, what, max_bytes)
    except DataError as error:
        raise DataError(f'{error} It is looked for relative to data_root.') from error
