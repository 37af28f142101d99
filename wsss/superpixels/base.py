# SPDX-License-Identifier: Apache-2.0
"""The base of all sources of superpixels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..errors import DataError
from ..ops.region_vote import contiguous_ids

UNIT_AREA = 256 * 256


class BaseSuperpixels(ABC):
    """Region ids of an image: override :meth:`compute`.

    Example:
        >>> class GreyLevels(BaseSuperpixels):
        ...     def compute(self, image, image_id):
        ...         return image.max(axis=2)
        >>> GreyLevels()(np.array([[[0, 0, 9], [7, 0, 0]]], np.uint8))
        array([[1, 0]], dtype=int32)
    """

    needs_image_id: bool = False
    """Whether regions belong to the image's id and not to its pixels."""

    @abstractmethod
    def compute(self, image: np.ndarray, image_id: str | None) -> np.ndarray:
        """Return the regions of one image.

        Args:
            image: uint8 RGB ``(H, W, 3)``, contiguous, may be read-only; must not be changed.
            image_id: Its id; None where it is not known.

        Returns:
            Integer ``(H, W)``, any numbers.
        """

    def settings(self) -> dict:
        """Return what regions depend on besides the image; a cache has a folder for each."""
        return dict(type=type(self).__name__, **vars(self))

    def __call__(self, image: np.ndarray, image_id: str | None = None) -> np.ndarray:
        """Return region ids.

        Args:
            image: uint8 RGB ``(H, W, 3)``.
            image_id: Its id, which sources that read files need.

        Returns:
            int32 ``(H, W)``, 0..S-1, each of which occurs.

        Raises:
            DataError: If the image is not such, or its id is needed and missing.
        """
        name = type(self).__name__
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise DataError(
                f'{name} needs the RGB image as uint8 (H, W, 3), got {image.dtype} {image.shape}.'
            )
        if self.needs_image_id and image_id is None:
            raise DataError(
                f'{name} needs the id of the image to find its file: call it with image_id.'
            )
        ids = np.asarray(self.compute(np.ascontiguousarray(image), image_id))
        if ids.shape != image.shape[:2] or ids.dtype.kind not in 'iu':
            raise TypeError(
                f'{name}.compute must return integers {image.shape[:2]}, got {ids.dtype} '
                f'{ids.shape}'
            )
        return contiguous_ids(ids)


def scaled_count(num_segments: float, image: np.ndarray) -> int:
    """Return how many regions an image gets that 256 x 256 pixels get ``num_segments`` of."""
    return max(round(num_segments * image.shape[0] * image.shape[1] / UNIT_AREA), 1)
