# SPDX-License-Identifier: Apache-2.0
"""Image labels from a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from ...errors import ConfigError, DataError
from ...registry import LABEL_SOURCES
from ..pictures import Pictures
from .base import FoundLabels, LabelRow, LabelSource, read_text_file

FILE_COLUMNS = (
    'file', 'filename', 'file_name', 'id', 'image', 'image_id', 'image_path', 'img', 'img_path',
    'path', 'picture',
)  # fmt: skip
LABEL_COLUMNS = (
    'category', 'categories', 'class', 'classes', 'class_name', 'label', 'labels', 'tag', 'tags',
)  # fmt: skip
_FLAGS = {'': False, '0': False, '0.0': False, '1': True, '1.0': True}


@LABEL_SOURCES.register_module()
class CsvLabels(LabelSource):
    """A CSV file with a header line, in one of two forms, which the header tells apart.

    - A column of classes (``label``, ``labels``, ``class``, ...): names separated by ``;``, an
      empty cell for a picture that shows none of them. Rows about the same picture add up. Other
      columns are passed over.
    - Else one column of 0 and 1 for each class, with the class name as its header, and one row for
      each picture.

    The column of pictures is called ``file``, ``image``, ``path`` or the like.

    Args:
        file: Relative to the data root.
        separator: Between the classes of one cell.
        delimiter: Between cells; None takes the first of comma, tab and semicolon that the header
            line has.
        ignore_columns: Columns that are not classes.

    Example:
        >>> labels = dict(type='wsss.CsvLabels', file='labels.csv')
    """

    def __init__(
        self,
        file: str = 'labels.csv',
        separator: str = ';',
        delimiter: str | None = None,
        ignore_columns: Sequence[str] = (),
    ):
        if not separator:
            raise ConfigError('CsvLabels.separator must be at least one character.')
        if delimiter is not None and len(delimiter) != 1:
            raise ConfigError(f'CsvLabels.delimiter must be one character, got {delimiter!r}.')
        self.file = file
        self.separator = separator
        self.delimiter = delimiter
        self.ignore_columns = {name.strip().lower() for name in ignore_columns}

    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the rows of the table."""
        path = pictures.root / self.file
        text = read_text_file(path, 'table of labels')
        lines = self._lines(text, str(path))
        try:
            where, header = next(lines)
        except StopIteration:
            raise DataError(f'table of labels {path} is empty.') from None
        file_column = _find(header, FILE_COLUMNS)
        if file_column is None:
            raise DataError(
                f'{where}: no column of pictures in the header {_short(header)}. The first line '
                f"must name the columns, such as 'file,labels'; the pictures are in one of "
                f'{", ".join(FILE_COLUMNS)}.'
            )
        label_column = _find(header, LABEL_COLUMNS)
        if label_column is not None:
            return FoundLabels(list(self._listed(lines, file_column, label_column)))
        columns = {
            i: name
            for i, name in enumerate(header)
            if i != file_column and name.lower() not in self.ignore_columns
        }
        if not columns:
            raise DataError(
                f'{where}: the header {_short(header)} has neither a column of classes '
                f'({", ".join(LABEL_COLUMNS)}) nor one column for each class. If the cells are not '
                'separated by a comma, tab or semicolon, set delimiter of CsvLabels.'
            )
        return FoundLabels(list(_flagged(lines, file_column, columns)), list(columns.values()))

    def _lines(self, text: str, name: str) -> Iterator[tuple[str, list[str]]]:
        """Yield place and cells of every line that is not blank."""
        first = text.lstrip().partition('\n')[0]
        delimiter = self.delimiter or next((c for c in ',\t;' if c in first), ',')
        if delimiter == self.separator and len(first.split(delimiter)) > 1:
            raise DataError(
                f'{name}: cells and classes are both separated by {delimiter!r}. Set separator of '
                'CsvLabels to what stands between the classes of one picture.'
            )
        reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=True)
        width = None
        try:
            for cells in reader:
                cells = [cell.strip() for cell in cells]
                if not any(cells):
                    continue
                where = f'{name}, line {reader.line_num}'
                width = width or len(cells)
                if len(cells) != width:
                    raise DataError(
                        f'{where}: {len(cells)} cells where the header has {width}: {cells[:6]}.'
                    )
                yield where, cells
        except csv.Error as error:
            raise DataError(
                f'{name}, line {reader.line_num}: not readable as CSV ({error}).'
            ) from (error)

    def _listed(
        self, lines: Iterator[tuple[str, list[str]]], file_column: int, label_column: int
    ) -> Iterator[LabelRow]:
        for where, cells in lines:
            names = [name.strip() for name in cells[label_column].split(self.separator)]
            yield LabelRow(cells[file_column], [name for name in names if name], where)


def _flagged(
    lines: Iterator[tuple[str, list[str]]], file_column: int, columns: dict[int, str]
) -> Iterator[LabelRow]:
    seen: dict[str, str] = {}
    for where, cells in lines:
        names = []
        for i, name in columns.items():
            if cells[i] not in _FLAGS:
                raise DataError(
                    f'{where}: column {name!r} holds {cells[i]!r}, allowed are 0 and 1. If the '
                    'column is not a class, add it to ignore_columns of CsvLabels.'
                )
            if _FLAGS[cells[i]]:
                names.append(name)
        file = cells[file_column]
        if file in seen:
            raise DataError(f'{where}: picture {file!r} was there already in {seen[file]}.')
        seen[file] = where
        yield LabelRow(file, names, where)


def _find(header: Sequence[str], allowed: Sequence[str]) -> int | None:
    return next((i for i, name in enumerate(header) if name.lower() in allowed), None)


def _short(header: list[str]) -> str:
    shown = ', '.join(map(repr, header))
    return shown if len(shown) <= 200 else f'{shown[:200]} ...'
