# SPDX-License-Identifier: Apache-2.0
"""Images that superpixels cannot part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import DataError


def check_size(size: Sequence[int], cell: int, sample: Any) -> None:
    """Refuse an image that is smaller than one superpixel.

    Args:
        size: ``(H, W)`` of the image in pixels.
        cell: Side of a superpixel.
        sample: May have ``image_id``.

    Raises:
        DataError: Naming the image and both sizes.
    """
    height, width = size[:2]
    if min(height, width) < cell:
        raise DataError(
            f'image {sample.get("image_id", "?")!r} has {height} x {width} pixels, a superpixel '
            f'{cell} x {cell}: there is nothing to part. Leave the image out, or take smaller '
            'superpixels (cell).'
        )
