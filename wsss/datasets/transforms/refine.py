# SPDX-License-Identifier: Apache-2.0
"""Refine score maps in a loader worker."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...refiners import BaseRefiner, RefinerChain
from ...registry import TRANSFORMS


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
        >>> Refine(refiners=dict(type='DenseCRF', preset='irn')).chain.refiners[0].unary
        'labels'
    """

    def __init__(self, refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner]):
        self.chain = RefinerChain(refiners, 'Refine.refiners')

    def transform(self, results: dict) -> dict:
        """Replace the maps.

        Raises:
            DataError: If a refiner refuses them; the message names the image.
        """
        for key, before in (('score_maps', 'wsss.LoadScores'), ('img', 'wsss.LoadImage')):
            if key not in results:
                raise ConfigError(f'Refine needs {key!r}: put {before} before it.')
        maps = self.chain(results['img'], results['score_maps'], results.get('image_id'))
        results['score_maps'] = maps
        return results
