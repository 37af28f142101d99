# SPDX-License-Identifier: Apache-2.0
"""Crops that say where they are padded."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from ...checks import check_integers, check_number
from ...errors import ConfigError
from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class PaddedCrop(BaseTransform):
    """mmpretrain's ``RandomCrop`` with padding, which also tells image from padding.

    An image smaller than the crop is padded and lies at random in it. The crop gets a fourth
    channel, 255 where it shows the image and 0 where it is padded, so that losses on maps can leave
    out what is no image; :class:`wsss.models.CAMPreprocessor` takes the channel off again. Images
    that have it already, with saliency as fifth (:class:`AppendSaliency`), get 0 in both. Random
    draws and colours are those of ``RandomCrop(pad_if_needed=True)``.

    Args:
        crop_size: ``(H, W)``, or one number for both.
        pad_val: Colour of the padding, RGB in 0..255; the mean colour, which is subtracted later,
            pads with zeros.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> crop = PaddedCrop(crop_size=8, pad_val=(124, 116, 104))
        >>> image = crop(dict(img=np.zeros((8, 6, 3), np.uint8)))['img']
        >>> image.shape, int((image[..., 3] == 255).sum())
        ((8, 8, 4), 48)
    """

    def __init__(self, crop_size: int | Sequence[int], pad_val: Sequence[float] = (0, 0, 0)):
        sides = (crop_size, crop_size) if isinstance(crop_size, Integral) else crop_size
        sides = check_integers(sides, 'PaddedCrop.crop_size', 1)
        if len(sides) != 2:
            raise ConfigError(f'PaddedCrop.crop_size must be (H, W) or a number, got {crop_size}.')
        if not isinstance(pad_val, Sequence) or len(pad_val) != 3:
            raise ConfigError(
                f'PaddedCrop.pad_val must be three numbers, R, G and B, got {pad_val!r}.'
            )
        colour = [
            check_number(v, f'PaddedCrop.pad_val[{i}]', 0, 255) for i, v in enumerate(pad_val)
        ]
        self.crop_size, self.pad_val = sides, colour
        # built by name: importing mmpretrain's data sets takes long
        self.crop = TRANSFORMS.build(dict(type='mmpretrain.RandomCrop', crop_size=sides))

    def transform(self, results: dict) -> dict:
        """Crop ``img`` uint8 ``(h, w, 3)`` to ``(H, W, 4)``, one of 5 channels to ``(H, W, 5)``.

        Raises:
            ConfigError: If the image is something else.
        """
        image = results['img']
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (3, 5):
            raise ConfigError(
                'wsss.PaddedCrop needs RGB images uint8 (h, w, 3), got '
                f'{image.dtype} {image.shape}. Use one after wsss.LoadImage, and one only.'
            )
        if image.shape[2] == 3:
            # the alpha channel of OpenCV is 255
            image = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
        return self.crop({**results, 'img': self._padded(image)})

    def _padded(self, image: np.ndarray) -> np.ndarray:
        """Return the image at least as large as the crop; OpenCV pads four channels at most."""
        margins = [-(min(0, side - crop) // 2) for side, crop in zip(image.shape, self.crop_size)]
        if not any(margins):
            return image
        (height, width, channels), (top, left) = image.shape, margins
        canvas = np.empty((height + 2 * top, width + 2 * left, channels), image.dtype)
        canvas[:] = np.rint((*self.pad_val, *[0] * (channels - 3)))
        canvas[top : top + height, left : left + width] = image
        return canvas
