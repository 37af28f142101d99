# SPDX-License-Identifier: Apache-2.0
"""Rows of small pictures with captions on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER = (255, 255, 255)
EMPTY = (240, 240, 240)
INK = (32, 32, 32)
FAINT = (110, 110, 110)
WRONG = (196, 24, 24)
_GAP_PX = 6
_LINE_PX = 16
_FONT_PX = 12


class Panel(NamedTuple):
    """One picture with the text under it.

    Args:
        caption: May have several lines; long ones are wrapped once.
        image: uint8 ``(h, w, 3)``, RGB, any size.
        wrong: Frame the picture in red.
        red_lines: Lines of the caption that are red, counted from 0.
    """

    caption: str
    image: np.ndarray
    wrong: bool = False
    red_lines: Sequence[int] = ()


@dataclass
class SheetRow:
    """The panels of one image.

    Args:
        title: What it is, usually the image id.
        panels: One per column; None leaves the place empty.
        tags: ``(name, RGB)``: class names, shown after the title with a square of their colour.
    """

    title: str
    panels: Sequence[Panel | tuple | None]
    tags: Sequence[tuple[str, Sequence[int]]] = field(default_factory=tuple)


def fit_size(height: int, width: int, panel: int) -> tuple[int, int]:
    """Return the largest ``(height, width)`` of the same shape that fits a square of ``panel``."""
    scale = panel / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit_image(image: np.ndarray, panel: int) -> np.ndarray:
    """Return the image scaled to fit a square of ``panel`` pixels, not padded."""
    height, width = fit_size(*image.shape[:2], panel)
    if (height, width) == image.shape[:2]:
        return image
    shrinks = height < image.shape[0]
    return cv2.resize(image, (width, height), None, 0, 0, cv2.INTER_AREA if shrinks else 1)


def contact_sheet(
    rows: Sequence[SheetRow],
    columns: Sequence[str],
    title: str = '',
    panel: int = 176,
    across: int = 1,
) -> np.ndarray:
    """Lay out rows of panels under column names.

    Args:
        rows: One per image, in order.
        columns: Names of the columns.
        title: First line of the page.
        panel: Side of a panel in pixels, at least 32.
        across: How many rows stand side by side.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        ValueError: If there is no row, a row has another number of panels than there are columns,
            or a size is out of range.

    Example:
        >>> grey = np.full((60, 80, 3), 128, np.uint8)
        >>> contact_sheet([SheetRow('cat_1', [('a cat', grey)])], ['image'], panel=64).shape
        (128, 76, 3)
    """
    _check(rows, columns, panel, across)
    across = min(across, len(rows))
    rows = [
        SheetRow(row.title, [None if p is None else Panel(*p) for p in row.panels], row.tags)
        for row in rows
    ]
    block = len(columns) * (panel + _GAP_PX) - _GAP_PX
    step = block + 3 * _GAP_PX
    width = 2 * _GAP_PX + across * step - 3 * _GAP_PX
    lines = [rows[i : i + across] for i in range(0, len(rows), across)]
    heights = [_row_height(line, panel) for line in lines]
    top = _GAP_PX + (_LINE_PX if title else 0)
    page = Image.new('RGB', (width, top + _LINE_PX + sum(heights)), PAPER)
    draw = ImageDraw.Draw(page)
    if title:
        _text(draw, (_GAP_PX, _GAP_PX - 2), title, INK, width - 2 * _GAP_PX)
    for place in range(across):
        for index, name in enumerate(columns):
            x = _GAP_PX + place * step + index * (panel + _GAP_PX)
            _text(draw, (x, top), name, FAINT, panel)
    y = top + _LINE_PX
    for line, height in zip(lines, heights):
        for place, row in enumerate(line):
            corner = (_GAP_PX + place * step, y)
            _draw_row(page, draw, row, corner, panel, _picture_height(line, panel), block)
        y += height
    return np.asarray(page)


def _check(rows: Sequence[SheetRow], columns: Sequence[str], panel: int, across: int) -> None:
    if not rows or not columns:
        raise ValueError(f'a sheet needs rows and columns, got {len(rows)} x {len(columns)}')
    if panel < 32 or across < 1:
        raise ValueError(f'panel must be >= 32 and across >= 1, got {panel} and {across}')
    for row in rows:
        if len(row.panels) != len(columns):
            raise ValueError(
                f'row {row.title!r} has {len(row.panels)} panels for {len(columns)} columns '
                f'({", ".join(columns)})'
            )


def _picture_height(line: Sequence[SheetRow], panel: int) -> int:
    """Return the height of the highest picture of a line, so that wide ones waste no paper."""
    shapes = [p.image.shape for row in line for p in row.panels if p is not None]
    return max((fit_size(*shape[:2], panel)[0] for shape in shapes), default=panel // 2)


def _caption(item: Panel, panel: int) -> list[tuple[str, tuple[int, int, int]]]:
    """Return the lines under a panel with their colours."""
    return [
        (part, WRONG if number in item.red_lines else INK)
        for number, text in enumerate(item.caption.splitlines())
        for part in _wrap(text, panel)
    ]


def _row_height(line: Sequence[SheetRow], panel: int) -> int:
    captions = [_caption(p, panel) for row in line for p in row.panels if p is not None]
    tallest = max((len(lines) for lines in captions), default=0)
    return _LINE_PX + 2 + _picture_height(line, panel) + tallest * _LINE_PX + 2 * _GAP_PX


def _draw_row(
    page: Image.Image,
    draw: ImageDraw.ImageDraw,
    row: SheetRow,
    corner: tuple[int, int],
    panel: int,
    high: int,
    block: int,
) -> None:
    x, y = corner
    at = x + _text(draw, (x, y), row.title, INK, block) + 10
    for name, colour in row.tags:
        room = x + block - at - 14
        if room < 20:
            break
        draw.rectangle((at, y + 3, at + 9, y + 12), tuple(int(c) for c in colour), FAINT)
        at += 14 + _text(draw, (at + 14, y), name, INK, room) + 8
    y += _LINE_PX + 2
    for index, item in enumerate(row.panels):
        left = x + index * (panel + _GAP_PX)
        frame = (left, y, left + panel - 1, y + high - 1)
        if item is None:
            continue
        draw.rectangle(frame, EMPTY)
        picture = fit_image(item.image, panel)
        offset = ((panel - picture.shape[1]) // 2, (high - picture.shape[0]) // 2)
        page.paste(Image.fromarray(picture), (left + offset[0], y + offset[1]))
        if item.wrong:
            draw.rectangle(frame, None, WRONG, 3)
        for number, (text, ink) in enumerate(_caption(item, panel)):
            _text(draw, (left, y + high + 1 + number * _LINE_PX), text, ink, panel)


@lru_cache(maxsize=1)
def _font() -> ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_PX)


def _wrap(text: str, room: int) -> list[str]:
    """Return one line, or two broken at a space where one is too long."""
    words, font = text.split(' '), _font()
    for count in range(len(words), 0, -1):
        if count == 1 or font.getlength(' '.join(words[:count])) <= room:
            rest = ' '.join(words[count:])
            return [' '.join(words[:count])] + ([rest] if rest else [])
    return [text]


def _text(draw: ImageDraw.ImageDraw, corner: tuple, text: str, ink: tuple, room: int) -> int:
    """Draw one line, cut with an ellipsis where it does not fit; return its width in pixels."""
    font = _font()
    text = ''.join(c if c.isprintable() else '?' for c in text)
    if font.getlength(text) > room:
        while text and font.getlength(text + '...') > room:
            text = text[:-1]
        text += '...'
    draw.text(corner, text, ink, font)
    return int(font.getlength(text))
