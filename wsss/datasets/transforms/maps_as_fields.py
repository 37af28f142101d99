# SPDX-License-Identifier: Apache-2.0
"""Maps that crops and flips follow."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS

CLASS_MAP = 'class_map_{}'


@TRANSFORMS.register_module()
class MapsAsFields(BaseTransform):
    """Turn score maps and saliency into planes of the image that are cropped and flipped with it.

    Resizing, cropping and flipping of mmseg work on what ``seg_fields`` names: here ``saliency`` of
    the annotation and ``class_map_0``, ``class_map_1``, ... of the classes of the image, float32
    ``(H, W)``, whatever of it there is. Comes after ``LoadScores``, ``LoadImage`` and
    ``LoadSaliency`` and before the first of those; :class:`PackRegions` puts the planes together.

    Raises:
        ConfigError: If there is neither.
        DataError: If they are not of the size of the image.

    Example:
        >>> maps = ScoreMaps(torch.tensor([3]), torch.rand(1, 2, 2), size=(4, 4))
        >>> MapsAsFields()(dict(score_maps=maps))['seg_fields']
        ['class_map_0']
    """

    def transform(self, results: dict) -> dict:
        """Add the planes to ``results``."""
        maps, planes = results.get('score_maps'), {}
        if maps is not None:
            scores = maps.resized().scores.numpy()
            planes |= {CLASS_MAP.format(i): plane for i, plane in enumerate(scores)}
            results['num_class_maps'] = len(scores)
        saliency = getattr(results.get('annotation'), 'saliency', None)
        if saliency is not None:
            planes['saliency'] = np.asarray(saliency, np.float32)
        if maps is None and saliency is None:
            raise ConfigError(
                'MapsAsFields needs score maps or saliency: put wsss.LoadScores or '
                'wsss.LoadSaliency before it.'
            )
        size = results['img'].shape[:2] if 'img' in results else None
        for name, plane in planes.items():
            if size is not None and plane.shape != tuple(size):
                raise DataError(
                    f'image {results.get("image_id", "?")!r} has {size[0]} x {size[1]} pixels, its '
                    f'{name} {plane.shape[0]} x {plane.shape[1]}. Make the maps again of these '
                    'images, and put MapsAsFields before what resizes or crops.'
                )
        results.update(planes)
        results['seg_fields'] = [*results.get('seg_fields', []), *planes]
        return results
