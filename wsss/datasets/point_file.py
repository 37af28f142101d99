# SPDX-License-Identifier: Apache-2.0
"""Points marked in images, from a table or a JSON file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError
from ..fileio import read_json, read_text

COLUMNS = ('image_id', 'x', 'y', 'class')


class Point(NamedTuple):
    """A point in pixels and the name of its class."""

    x: float
    y: float
    name: str


def read_points(path: str | Path) -> dict[str, list[Point]]:
    """Read points by image id.

    Args:
        path: ``.json``, ``{image id: [[x, y, class], ...]}``, or a CSV with a header line that
            names the columns ``image_id``, ``x``, ``y`` and ``class`` in any order.

    Raises:
        DataError: If the file is missing, not such, or a number is not one; names file and line.
    """
    rows = _json_rows(path) if str(path).endswith('.json') else _csv_rows(path)
    points: dict[str, list[Point]] = {}
    for where, image_id, *cells in rows:
        try:
            x, y, name = cells
            points.setdefault(image_id, []).append(Point(float(x), float(y), str(name)))
        except (TypeError, ValueError) as error:
            raise DataError(f'{where}: {_short(cells)} is not a point (x, y, class).') from error
    return points


def _json_rows(path: str | Path) -> list[tuple]:
    content = read_json(path, 'file of points')
    where = f'file of points {path}'
    by_image = isinstance(content, dict) and all(
        isinstance(found, list) and all(isinstance(point, list) for point in found)
        for found in content.values()
    )
    if not by_image:
        raise DataError(f'{where} must hold {{image id: [[x, y, class], ...]}}.')
    return [(where, image_id, *point) for image_id, found in content.items() for point in found]


def _csv_rows(path: str | Path) -> list[tuple]:
    where = f'table of points {path}'
    text = read_text(path, 'table of points')
    reader = csv.reader(io.StringIO(text, newline=''), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            raise DataError(
                f'{where}: its first line must be {",".join(COLUMNS)}, got {_short(header)}.'
            )
        order = [header.index(name) for name in COLUMNS]
        rows = []
        for cells in reader:
            if cells and len(cells) != len(COLUMNS):
                raise DataError(
                    f'{where}, line {reader.line_num}: {len(cells)} cells: {_short(cells)}.'
                )
            if cells:
                found = (cells[i].strip() for i in order)
                rows.append((f'{where}, line {reader.line_num}', *found))
        return rows
    except csv.Error as error:
        raise DataError(f'{where}, line {reader.line_num}: not CSV ({error}).') from error


def _short(cells: list) -> str:
    return str(cells)[:100]
