# SPDX-License-Identifier: Apache-2.0
"""Saliency that goes with its image."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class AppendSaliency(BaseTransform):
    """Append to an image the saliency that ``wsss.LoadSaliency`` has read, as a channel.

    Whatever resizes, flips or crops the image then does the same to its saliency. The fourth
    channel is validity, 255 on all of the image (see :class:`PaddedCrop`), the fifth is saliency in
    steps of 1/255; :class:`wsss.models.CAMPreprocessor` takes both off again.

    Comes after transforms that change colours, such as ``ColorJitter``, and before all that change
    places. OpenCV, which resizes by default, does so with five channels for all interpolations but
    ``area``; Pillow does not.

    Example:
        >>> from wsss.structures import Annotation
        >>> annotation = Annotation((2, 3), [0], saliency=np.full((2, 3), 0.2, np.float32))
        >>> results = dict(img=np.zeros((2, 3, 3), np.uint8), annotation=annotation)
        >>> AppendSaliency()(results)['img'][0, 0]
        array([  0,   0,   0, 255,  51], dtype=uint8)
    """

    def transform(self, results: dict) -> dict:
        """Make ``img`` uint8 ``(H, W, 3)`` one of ``(H, W, 5)``.

        Raises:
            ConfigError: If there is no saliency, or the image is not as it was when it was read.
        """
        saliency = getattr(results.get('annotation'), 'saliency', None)
        if saliency is None:
            raise ConfigError(
                'wsss.AppendSaliency needs a saliency map: put wsss.LoadSaliency before it.'
            )
        image = results['img']
        if image.shape != (*saliency.shape, 3) or results.get('flip'):
            raise ConfigError(
                f'wsss.AppendSaliency needs the RGB image as it was read, {saliency.shape[0]} x '
                f'{saliency.shape[1]}, and got one {image.shape}'
                f'{", flipped" if results.get("flip") else ""}. Put it before what resizes, flips '
                'and crops.'
            )
        channel = np.rint(saliency * 255).astype(np.uint8)
        results['img'] = np.dstack([image, np.full_like(channel, 255), channel])
        return results
