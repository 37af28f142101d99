# SPDX-License-Identifier: Apache-2.0
"""Open an image."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...errors import DataError
from ...registry import TRANSFORMS

MAX_PIXELS = 200_000_000
# OpenCV decides on these; where it refuses one, the file is damaged, though Pillow may go on
DECODED_BY_OPENCV = frozenset({'BMP', 'JPEG', 'PNG', 'TIFF', 'WEBP'})


def read_image(path: str | Path, image_id: str = '', max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read an image as RGB, upright (EXIF orientation applied).

    The size is taken from the header before anything is decoded, so that a small file cannot
    unfold into gigabytes.

    Args:
        path: Image file of a format that Pillow knows the header of and OpenCV decodes.
        image_id: For the message.
        max_pixels: Larger images are refused.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        DataError: If the file is missing, empty, damaged or too large; the message names it.
    """
    name = f'image {image_id!r} ({path})' if image_id else f'image {path}'
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f'{name} cannot be read: {error.strerror or error}. Check the data root and the split '
            'list.'
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            with Image.open(io.BytesIO(content)) as header:
                (width, height), kind = header.size, header.format
    except Exception as error:
        raise DataError(
            f'{name} is not a readable image ({len(content)} bytes). Replace the file or take it '
            'out of the list.'
        ) from error
    if width * height > max_pixels:
        raise DataError(
            f'{name} is {width} x {height} pixels, more than the {max_pixels} allowed. Make it '
            'smaller or raise max_pixels of LoadImage.'
        )
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        damaged = DataError(
            f'{name} is damaged: its header is right, its pixels cannot be decoded. Replace the '
            'file or take it out of the list.'
        )
        if kind in DECODED_BY_OPENCV:
            raise damaged
        # formats that OpenCV does not decode, such as GIF content in a .jpg file
        try:
            with Image.open(io.BytesIO(content)) as opened:
                return np.array(opened.convert('RGB'))
        except Exception as error:
            raise damaged from error
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Open ``img_path`` as RGB; every stage uses this one, so all see the same pixels.

    Sets ``img`` uint8 ``(H, W, 3)`` RGB, ``img_shape`` and ``ori_shape``.

    Args:
        max_pixels: Larger images are refused.

    Example:
        >>> LoadImage()({'img_path': 'a.jpg', 'image_id': 'a'})  # doctest: +SKIP
    """

    def __init__(self, max_pixels: int = MAX_PIXELS):
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Add the image to ``results``."""
        image = read_image(results['img_path'], results.get('image_id', ''), self.max_pixels)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
