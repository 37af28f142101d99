# SPDX-License-Identifier: Apache-2.0
"""Open an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...checks import check_integers
from ...registry import TRANSFORMS
from ..image_io import MAX_PIXELS, read_image


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Open ``img_path`` as RGB; every stage uses this one, so all see the same pixels.

    Sets ``img`` uint8 ``(H, W, 3)`` RGB, ``img_shape`` and ``ori_shape``.

    Args:
        max_pixels: Larger images are refused.
        size: ``(H, W)`` that every image is squashed to (bilinear, averaging), as if the data set
            had been made at that size; masks of the data set then do not fit. None: as it is.

    Example:
        >>> LoadImage()({'img_path': 'a.jpg', 'image_id': 'a'})  # doctest: +SKIP
    """

    def __init__(self, max_pixels: int = MAX_PIXELS, size: Sequence[int] | None = None):
        self.max_pixels = max_pixels
        self.size = None if size is None else check_integers(size, 'LoadImage.size', 1)

    def transform(self, results: dict) -> dict:
        """Add the image to ``results``."""
        image = read_image(results['img_path'], results.get('image_id', ''), self.max_pixels)
        if self.size is not None:
            height, width = self.size
            resized = Image.fromarray(image).resize((width, height), Image.BILINEAR)
            image = np.asarray(resized)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results
