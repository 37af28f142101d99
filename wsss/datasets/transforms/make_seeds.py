# SPDX-License-Identifier: Apache-2.0
"""Score maps from an annotation, in a loader worker."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from ...errors import ConfigError, DataError
from ...registry import SEEDS, TRANSFORMS, build
from ...seeds import BaseSeed


@TRANSFORMS.register_module()
class MakeSeeds(BaseTransform):
    """Turn ``annotation`` of an image into ``score_maps``.

    Comes after a transform that brings the annotation, such as ``LoadBoxes``.

    Args:
        seed: Config of a seed source.

    Raises:
        ConfigError: If it cannot be built.

    Example:
        >>> MakeSeeds(dict(type='BoxHeatmap', kind='linear')).seed.kind
        'linear'
    """

    def __init__(self, seed: dict | BaseSeed):
        self.seed = build(SEEDS, seed, 'MakeSeeds.seed')

    def transform(self, results: dict) -> dict:
        """Add the maps.

        Raises:
            DataError: If the seed source refuses the annotation; the message names the image.
        """
        if 'annotation' not in results:
            raise ConfigError(
                'MakeSeeds needs an annotation: put wsss.LoadBoxes, wsss.SimulatePoints or another '
                'transform that brings one before it.'
            )
        try:
            results['score_maps'] = self.seed(results['annotation'])
        except DataError as error:
            raise DataError(f'image {results["image_id"]!r}: {error}') from error
        return results
