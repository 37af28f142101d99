# SPDX-License-Identifier: Apache-2.0
"""The sizes at which an image is explained."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...registry import TRANSFORMS


def view_size(
    size: tuple[int, int],
    scale: float,
    base: tuple[int, int] | None = None,
    keep_ratio: bool = True,
    divisor: int | None = None,
) -> tuple[int, int]:
    """Return the size of a view: ``(round(s H), round(s W))`` of the base size.

    Args:
        size: ``(H, W)`` of the image.
        scale: Factor.
        base: ``(h, w)`` that scale 1 fits into (``keep_ratio``) or fills; None is the image's own.
        keep_ratio: Keep the ratio of height and width.
        divisor: Round each side to a multiple of it, at least one.

    Example:
        >>> view_size((375, 500), 1.0, base=(320, 320))
        (240, 320)
    """
    height, width = size
    if base is not None:
        if keep_ratio:
            factor = min(base[0] / height, base[1] / width)
            height, width = height * factor, width * factor
        else:
            height, width = base
    step = divisor or 1
    return tuple(max(1, int(side * scale / step + 0.5)) * step for side in (height, width))


@TRANSFORMS.register_module()
class MultiScaleViews(BaseTransform):
    """Resize the image to several scales, each from the original (bicubic).

    Sets ``views``, a list of uint8 ``(h, w, 3)`` in the order of ``scales``. The mirror images are
    made by the model. Scales are factors of the image or of ``base_size``, so the same object is
    seen at the same ratios whatever the size of the image (PSA, IRN: 0.5, 1, 1.5 and 2).

    Args:
        scales: Positive factors.
        base_size: Size of scale 1 in pixels. None: the image as it is. A number: the longer side.
            ``(h, w)``: the largest size that fits in.
        keep_ratio: False squashes the image to ``base_size`` (a number gives a square), so that
            all images have one size and run in full batches.
        size_divisor: Round the sides of every view to multiples of it.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> views = MultiScaleViews(scales=(1.0, 0.5), base_size=64)
        >>> results = views({'img': np.zeros((50, 100, 3), np.uint8)})
        >>> [view.shape for view in results['views']]
        [(32, 64, 3), (16, 32, 3)]
    """

    def __init__(
        self,
        scales: Sequence[float] = (1.0,),
        base_size: int | Sequence[int] | None = None,
        keep_ratio: bool = True,
        size_divisor: int | None = None,
    ):
        if not isinstance(scales, Sequence) or not scales or not all(s > 0 for s in scales):
            raise ConfigError(
                f'MultiScaleViews.scales must be positive numbers, at least one, got {scales!r}.'
            )
        base = (base_size, base_size) if isinstance(base_size, int) else base_size
        if base is not None and (len(base) != 2 or not all(side > 0 for side in base)):
            raise ConfigError(
                'MultiScaleViews.base_size must be None, a positive number of pixels or (height, '
                f'width), got {base_size!r}.'
            )
        if not keep_ratio and base is None:
            raise ConfigError(
                'MultiScaleViews.keep_ratio=False squashes images to base_size, which is not set. '
                'Set base_size.'
            )
        if size_divisor is not None and size_divisor < 1:
            raise ConfigError(
                f'MultiScaleViews.size_divisor must be at least 1, got {size_divisor}.'
            )
        self.scales = tuple(float(scale) for scale in scales)
        self.base_size = None if base is None else tuple(base)
        self.keep_ratio = keep_ratio
        self.size_divisor = size_divisor

    def transform(self, results: dict) -> dict:
        """Add ``views`` to ``results``."""
        image = results['img']
        results['views'] = []
        for scale in self.scales:
            height, width = view_size(
                image.shape[:2], scale, self.base_size, self.keep_ratio, self.size_divisor
            )
            if (height, width) == image.shape[:2]:
                results['views'].append(image)
            else:
                resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
                results['views'].append(resized)
        return results
