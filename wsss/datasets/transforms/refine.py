# SPDX-License-Identifier: Apache-2.0
"""Refine score maps in a loader worker."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from ...errors import ConfigError, DataError
from ...refiners import BaseRefiner
from ...registry import REFINERS, TRANSFORMS, build


@TRANSFORMS.register_module()
class Refine(BaseTransform):
    """Send ``score_maps`` of an image through refiners, one after the other.

    Comes after ``LoadScores`` and ``LoadImage``. The worker processes of the loader share the work:
    ``num_workers`` of them refine as many images at a time.

    Args:
        refiners: Configs of refiners, or one.

    Raises:
        ConfigError: If there is none, or one cannot be built.

    Example:
        >>> Refine(refiners=dict(type='DenseCRF', preset='irn')).refiners[0].unary
        'labels'
    """

    def __init__(self, refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner]):
        listed = refiners if isinstance(refiners, (list, tuple)) else [refiners]
        if not listed:
            raise ConfigError('Refine.refiners is empty. Name at least one refiner.')
        self.refiners = [
            build(REFINERS, one, f'Refine.refiners[{i}]') for i, one in enumerate(listed)
        ]

    def transform(self, results: dict) -> dict:
        """Replace the maps.

        Raises:
            DataError: If a refiner refuses them; the message names the image.
        """
        for key, before in (('score_maps', 'wsss.LoadScores'), ('img', 'wsss.LoadImage')):
            if key not in results:
                raise ConfigError(f'Refine needs {key!r}: put {before} before it.')
        maps = results['score_maps']
        for refiner in self.refiners:
            try:
                maps = refiner(results['img'], maps, results.get('image_id'))
            except DataError as error:
                raise DataError(f'image {results.get("image_id")!r}: {error}') from error
        results['score_maps'] = maps
        return results
