# SPDX-License-Identifier: Apache-2.0
"""Image labels from an annotation file in the JSON format of MS-COCO."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ...errors import DataError
from ...registry import LABEL_SOURCES
from ..coco_json import MAX_BYTES
from ..pictures import Pictures
from .base import FoundLabels, LabelRow, LabelSource, read_text_file


@LABEL_SOURCES.register_module()
class CocoJsonLabels(LabelSource):
    """The categories annotated in each picture, in order of their ids.

    Boxes come along, but not those of crowds. A picture listed without annotations shows none of
    the classes; one that is not listed is unlabelled.

    Args:
        file: Relative to the data root.

    Example:
        >>> labels = dict(type='wsss.CocoJsonLabels', file='instances.json')
    """

    def __init__(self, file: str = 'annotations.json'):
        self.file = file

    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the categories of the listed pictures."""
        path = pictures.root / self.file
        text = read_text_file(path, 'annotations', MAX_BYTES)
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f'annotations {path} are not valid JSON ({error}).') from error
        names = {
            _get(row, 'id', f'{path}, categories[{i}]'): str(
                _get(row, 'name', f'{path}, categories[{i}]')
            )
            for i, row in enumerate(_rows(content, 'categories', path))
        }
        found: dict[Any, set[str]] = defaultdict(set)
        boxes: dict[Any, list] = defaultdict(list)
        for i, row in enumerate(_rows(content, 'annotations', path)):
            where = f'{path}, annotations[{i}]'
            category, image = _get(row, 'category_id', where), _get(row, 'image_id', where)
            if category not in names:
                raise DataError(
                    f'{where}: category_id {category!r} is not among the categories '
                    f'{sorted(names, key=str)[:10]}.'
                )
            found[image].add(names[category])
            if row.get('bbox') is not None and not row.get('iscrowd'):
                boxes[image].append((*_corners(row['bbox'], where), names[category]))
        rows = []
        for i, row in enumerate(_rows(content, 'images', path)):
            where = f'{path}, images[{i}]'
            image = _get(row, 'id', where)
            file = str(_get(row, 'file_name', where))
            rows.append(LabelRow(file, sorted(found[image]), where, boxes[image]))
        order = sorted(names, key=lambda key: (isinstance(key, str), key))
        return FoundLabels(rows, [names[key] for key in order])


def _rows(content: Any, key: str, path: Any) -> list:
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise DataError(
            f'annotations {path} have no list {key!r}: the COCO format has images, annotations and '
            'categories.'
        )
    return rows


def _get(row: Any, key: str, where: str) -> int | str:
    value = row.get(key) if isinstance(row, dict) else None
    if not isinstance(value, (int, str)):
        raise DataError(f'{where} has no usable {key!r}: {str(row)[:80]}.')
    return value


def _corners(bbox: Any, where: str) -> tuple[float, float, float, float]:
    try:
        x, y, width, height = (float(value) for value in bbox)
    except (TypeError, ValueError) as error:
        raise DataError(f'{where}: bbox must be [x, y, width, height], got {bbox!r}.') from error
    return x, y, x + width, y + height
