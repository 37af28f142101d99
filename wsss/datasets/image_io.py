# SPDX-License-Identifier: Apache-2.0
"""Images from files: one way in for training, maps, sheets and checks.

The header is read first, from the file and not from memory, so that what would unfold into
gigabytes is refused before it is read. OpenCV decodes, which keeps 16 bits apart and refuses what
is cut off; Pillow tells what a file is and decodes the two kinds that OpenCV gets wrong.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, NamedTuple

import cv2
import numpy as np
from PIL import Image

from ..errors import DataError
from ..fileio import check_plain

MAX_PIXELS = 178_956_970
"""The limit of Pillow, which it calls a decompression bomb; 0.5 GB of pixels."""

# Others are not tried: Pillow starts an interpreter for EPS, for one.
FORMATS = ('BMP', 'GIF', 'JPEG', 'PNG', 'PPM', 'TIFF', 'WEBP')
MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'CMYK', 'I;16', 'I;16B', 'I;16L')
ORIENTATION = 0x0112  # EXIF tag; 5..8 lie on their side
# Pillow's remarks on large pictures, odd EXIF and palettes: what matters is decided here. For all
# of the process, because a filter for a while is not safe where threads read images.
warnings.filterwarnings('ignore', module=r'PIL\.')
_BYTES_PER_PIXEL = 16
_MORE_BYTES = 64 << 20  # thumbnails, colour profiles, the film that some phones append


class ImageHeader(NamedTuple):
    """What a file says of its picture before it is decoded.

    Args:
        format: As Pillow names it, by content, whatever the suffix says.
        mode: Pillow's mode.
        height: In pixels, upright (EXIF orientation applied).
        width: Likewise.
    """

    format: str
    mode: str
    height: int
    width: int


def name_of(path: str | Path, image_id: str = '', what: str = 'image') -> str:
    """Return how messages call a file."""
    if not image_id:
        return f'{what} {path}'
    return f'{"" if what == "image" else f"{what} of "}image {image_id!r} ({path})'


def open_file(path: str | Path, name: str) -> IO[bytes]:
    """Open a plain file.

    Raises:
        DataError: If it is missing, a folder, a pipe or a device, or not ours to read.
    """
    try:
        check_plain(path, name)
        return open(path, 'rb')
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise DataError(
            f'{name} cannot be read: {reason}. Check the data root and the split list.'
        ) from error


def read_header(file: IO[bytes], name: str, max_pixels: int = MAX_PIXELS) -> ImageHeader:
    """Read the header of an image, and refuse what must not or cannot be decoded.

    Args:
        file: At its beginning; it is there again afterwards.
        name: For messages.
        max_pixels: Larger images are refused.

    Raises:
        DataError: If the file is empty, no image of a known kind, animated, too large, or of a kind
            whose values cannot be told to be 8-bit colours.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise DataError(f'{name} is empty. Replace the file or take it out of the list.')
    try:
        header = Image.open(file, formats=FORMATS)
        kind, mode, (width, height) = header.format, header.mode, header.size
        # the base's own method: that of PNG would decode the whole picture
        turned = Image.Image.getexif(header).get(ORIENTATION, 1)
        lies = turned in (5, 6, 7, 8) and kind != 'TIFF'  # its size is upright already
        # what phones pack into an MPO beside the picture is no animation
        animated = kind != 'MPO' and getattr(header, 'is_animated', False)
    except Image.DecompressionBombError as error:
        raise DataError(
            f'{name}: {error} Make it smaller (or raise PIL.Image.MAX_IMAGE_PIXELS and max_pixels '
            'of LoadImage).'
        ) from error
    except Exception as error:  # Pillow raises many types for damaged content
        raise DataError(
            f'{name} is not a readable image ({size} bytes). Allowed are {", ".join(FORMATS)}. '
            'Replace the file, convert it, or take it out of the list.'
        ) from error
    if width * height > max_pixels:
        raise DataError(
            f'{name} is {width} x {height} pixels, more than the {max_pixels} allowed. Make it '
            'smaller or raise max_pixels of LoadImage.'
        )
    if size > width * height * _BYTES_PER_PIXEL + _MORE_BYTES:
        raise DataError(
            f'{name} has {size} bytes for {width} x {height} pixels: it is not an image alone. '
            'Save it again.'
        )
    if animated:
        raise DataError(
            f'{name} holds several pictures ({kind}). Save the one that is meant as a file of its '
            'own.'
        )
    if mode not in MODES:
        raise DataError(
            f'{name} is a {kind} of mode {mode}, whose values are no 8- or 16-bit colours. Convert '
            'it to 8-bit RGB.'
        )
    file.seek(0)
    return ImageHeader(kind, mode, *((width, height) if lies else (height, width)))


def image_size(path: str | Path, image_id: str = '', max_pixels: int = MAX_PIXELS) -> ImageHeader:
    """Return the header of an image file.

    Raises:
        DataError: If it cannot be used; names the file.
    """
    name = name_of(path, image_id)
    with open_file(path, name) as file:
        return read_header(file, name, max_pixels)


def read_image(path: str | Path, image_id: str = '', max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read an image as RGB, upright (EXIF orientation applied).

    Grey, palette and 1-bit pictures become RGB, CMYK is converted as Pillow does, 16 bits become
    the upper 8 of them, transparency is dropped and the colours below it stay.

    Args:
        path: Image file.
        image_id: For the message.
        max_pixels: Larger images are refused by their header.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        DataError: If the file is missing, empty, damaged, cut off, too large, or of a kind that
            cannot be right; the message names it.
    """
    name = name_of(path, image_id)
    with open_file(path, name) as file:
        header = read_header(file, name, max_pixels)
        try:
            if _needs_pillow(header):
                with Image.open(file, formats=FORMATS) as opened:
                    return np.array(opened.convert('RGB'))
            image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
        except Exception:  # both raise many types for damaged content
            image = None
    if image is None:
        raise DataError(
            f'{name} is damaged: its header is right, its pixels cannot be decoded. Replace the '
            'file or take it out of the list.'
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)


def _needs_pillow(header: ImageHeader) -> bool:
    # OpenCV reads GIF since 4.11 only, and multiplies the colours of a TIFF by its transparency
    return header.format == 'GIF' or (
        header.format == 'TIFF' and header.mode in ('LA', 'PA', 'RGBA')
    )
