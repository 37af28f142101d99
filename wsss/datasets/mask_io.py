# SPDX-License-Identifier: Apache-2.0
"""Label maps from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import DataError
from .base import IGNORE
from .image_io import FORMATS, MAX_PIXELS, ORIENTATION, name_of, open_file, read_header

WIDE = ('I;16', 'I;16B', 'I;16L')
LOSSLESS = ('BMP', 'GIF', 'PNG', 'TIFF')
# Pillow stretches grey of 2 and 4 bits to 0..255; ids must come back as they were written
_STRETCHED = {'L;2': 85, 'L;4': 17}


def read_index(
    path: str | Path,
    size: tuple[int, int] | None = None,
    image_id: str = '',
    max_pixels: int = MAX_PIXELS,
    what: str = 'mask',
    wide: bool = False,
) -> np.ndarray:
    """Read the numbers in an index image, whatever they mean.

    Args:
        path: Palette, grey (1 to 8 bits) or 1-bit image of a lossless format; PNG as a rule.
        size: ``(H, W)`` it must have.
        image_id: For the message.
        max_pixels: Larger ones are refused by their header.
        what: What it is, for the message.
        wide: Take grey of 16 bits too.

    Returns:
        uint8 ``(H, W)``, of 16 bits uint16.

    Raises:
        DataError: If the file is missing, damaged, of another kind or size; names it.
    """
    name = name_of(path, image_id, what)
    if not Path(path).exists():
        raise DataError(f'{name} does not exist. Check the data root, or the stage that writes it.')
    with open_file(path, name) as file:
        header = read_header(file, name, max_pixels)
        if header.mode not in ('P', 'L', '1', *(WIDE if wide else ())):
            bits = '8- or 16-bit' if wide else '8-bit'
            raise DataError(
                f'{name} has mode {header.mode}: a label map must be a palette or {bits} grey PNG '
                'with one label id per pixel. Convert it.'
            )
        if header.format not in LOSSLESS:
            raise DataError(
                f'{name} is a {header.format}, which changes ids along edges. A label map must be '
                'a PNG (or BMP, GIF, TIFF); make it again from its source.'
            )
        if size is not None and (header.height, header.width) != tuple(size):
            raise DataError(
                f'{name} is {header.height} x {header.width} (height x width), its image is '
                f'{size[0]} x {size[1]}. They must be equal.'
            )
        try:
            with Image.open(file, formats=FORMATS) as opened:
                opened.verify()  # check sums: Pillow decodes damaged PNG data without a word
            file.seek(0)
            with Image.open(file, formats=FORMATS) as opened:
                raw = str(opened.tile[0][3]) if opened.format == 'PNG' and opened.tile else ''
                index = np.array(opened, np.uint16 if header.mode in WIDE else np.uint8)
                turned = opened.getexif().get(ORIENTATION, 1) != 1
        except Exception as error:  # Pillow raises many types for damaged content
            raise DataError(f'{name} is damaged or not an image ({error}). Replace it.') from error
    if turned:
        raise DataError(
            f'{name} is to be turned by its EXIF orientation, which readers of label maps pass '
            'over. Save it upright.'
        )
    return index // _STRETCHED[raw] if raw in _STRETCHED else index


def read_mask(
    path: str | Path,
    num_labels: int,
    size: tuple[int, int] | None = None,
    values: Mapping[int, int] | None = None,
    image_id: str = '',
) -> np.ndarray:
    """Read an index image and check it: one channel, the size of its image, known ids only.

    Args:
        path: As of :func:`read_index`.
        num_labels: K+1; ids 0..K and 255 are allowed.
        size: ``(H, W)`` the mask must have.
        values: Value in the file -> label id; None means the file holds label ids.
        image_id: For the message.

    Returns:
        uint8 ``(H, W)``: 0 background, 1..K classes, 255 ignore.

    Raises:
        DataError: Naming the file, what it holds and what is allowed.
    """
    mask = read_index(path, size, image_id)
    allowed = allowed_values(num_labels, values)
    present = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    illegal = [int(value) for value in present if int(value) not in allowed]
    if illegal:
        raise DataError(
            f'{name_of(path, image_id, "mask")} holds the values {illegal[:10]}; allowed are '
            f'{sorted(allowed)}. Check the classes of the data set and how the mask was made.'
        )
    if values is not None:
        table = np.zeros(256, dtype=np.uint8)
        for value, label in allowed.items():
            table[value] = label
        mask = table[mask]
    return mask


def allowed_values(num_labels: int, values: Mapping[int, int] | None) -> Mapping[int, int]:
    """Return value in a mask file -> label id."""
    return {**{i: i for i in range(num_labels)}, IGNORE: IGNORE} if values is None else values
