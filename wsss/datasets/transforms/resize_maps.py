# SPDX-License-Identifier: Apache-2.0
"""Resizing of images with their maps."""

from __future__ import annotations

import cv2
from mmcv.transforms import Resize

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeMaps(Resize):
    """mmcv's ``Resize`` for images with planes of :class:`MapsAsFields`.

    mmseg's takes the nearest pixel of all that ``seg_fields`` names, as label ids have to be; maps
    and saliency are numbers that can be interpolated. Planes of integers stay with the nearest.
    Transforms that draw a size take it by ``resize_type='wsss.ResizeMaps'``.

    Args:
        *args: As in ``mmcv.transforms.Resize``.
        **kwargs: As in ``mmcv.transforms.Resize``.

    Example:
        >>> image, plane = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.float32)
        >>> found = ResizeMaps(scale=(3, 2))(dict(img=image, plane=plane, seg_fields=['plane']))
        >>> found['plane'].shape
        (2, 3)
    """

    def _resize_seg(self, results: dict) -> None:
        height, width = results['img_shape']
        for name in results.get('seg_fields', ()):
            plane = results[name]
            number = plane.dtype.kind == 'f'
            way = cv2.INTER_LINEAR if number else cv2.INTER_NEAREST
            results[name] = cv2.resize(plane, (width, height), interpolation=way)
