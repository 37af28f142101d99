# SPDX-License-Identifier: Apache-2.0
"""Boxes from annotation files in the XML format of PASCAL VOC."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from ..errors import DataError
from ..fileio import read_bytes

MAX_BYTES = 1_000_000


def read_voc_boxes(path: str | Path) -> list[tuple[str, float, float, float, float]]:
    """Read the boxes of one image.

    VOC counts pixels from 1 and includes both ends; here they count from 0 and the end is
    exclusive, so only the minima move. Boxes are cut to the image where the file tells its size.

    A file with a document type is refused: entities in it can unfold without bound or name files.

    Args:
        path: The XML file.

    Returns:
        ``(name, x1, y1, x2, y2)`` for each object, in pixels.

    Raises:
        DataError: If the file is missing, too large, not such an annotation, has a document type,
            or a box is empty.
    """
    name = f'annotation {path}'
    content = read_bytes(path, MAX_BYTES, 'annotation')
    try:
        _refuse_doctype(content)
        root = ElementTree.fromstring(content)
        limits = [float(root.findtext(f'size/{key}') or 'inf') for key in ('width', 'height')]
        return [_read_object(found, limits) for found in root.iter('object')]
    except RecursionError as error:
        raise DataError(f'{name} is nested too deeply for a VOC annotation.') from error
    except (expat.ExpatError, ElementTree.ParseError, TypeError, ValueError, LookupError) as error:
        raise DataError(f'{name} is not a VOC annotation that can be used: {error}.') from error


def _refuse_doctype(content: bytes) -> None:
    def refuse(*_):
        raise ValueError('it has a document type (DTD), which is refused; remove the DOCTYPE')

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.Parse(content, True)


def _read_object(found: ElementTree.Element, limits: list[float]) -> tuple:
    values = {}
    for key in ('xmin', 'ymin', 'xmax', 'ymax'):
        text = found.findtext(f'bndbox/{key}')
        if text is None:
            raise ValueError(f'an object has no bndbox/{key}')
        values[key] = float(text)
    x1, y1 = max(values['xmin'] - 1, 0.0), max(values['ymin'] - 1, 0.0)
    x2, y2 = min(values['xmax'], limits[0]), min(values['ymax'], limits[1])
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f'an object has the empty box {values}')
    return (found.findtext('name') or '', x1, y1, x2, y2)
