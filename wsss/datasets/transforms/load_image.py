# SPDX-License-Identifier: Apache-2.0
"""Open an image."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS
from ..image_io import MAX_PIXELS, read_image


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
