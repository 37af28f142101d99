# SPDX-License-Identifier: Apache-2.0
"""Open the segmentations that people have drawn."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from ...checks import check_choice, check_integer
from ...errors import ConfigError
from ...registry import TRANSFORMS
from ..base import IGNORE
from ..human_regions import read_human_regions

CHOICES = ('all', 'random')


@TRANSFORMS.register_module()
class LoadRegions(BaseTransform):
    """Read the human segmentations of an image of :class:`wsss.datasets.BSDS500`.

    Comes after ``LoadImage``. ``all`` of them are ``human_regions``, int32 ``(A, H, W)``, for
    :class:`wsss.evaluation.SuperpixelMetric`. A ``random`` one, another each time, is
    ``gt_seg_map``, uint8 ``(H, W)``, which crops and flips follow: its regions from large to small,
    0, 1, 2, ... Those beyond ``max_regions`` become 255, which no loss counts; the released code of
    SpixelFCN gives them the label of the first region.

    Args:
        choose: ``all`` or ``random``.
        max_regions: Of a random segmentation, at most 255; 50 as published.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> LoadRegions(choose='random').max_regions
        50
    """

    reads_masks = True  # so they count for what is stale

    def __init__(self, choose: str = 'all', max_regions: int = 50):
        self.choose = check_choice(choose, 'LoadRegions.choose', CHOICES)
        self.max_regions = check_integer(max_regions, 'LoadRegions.max_regions', 1)
        if max_regions > IGNORE:
            raise ConfigError(f'LoadRegions.max_regions must be at most 255, got {max_regions}.')

    def transform(self, results: dict) -> dict:
        """Add ``human_regions`` or ``gt_seg_map`` to ``results``.

        Raises:
            ConfigError: If the data set has no human segmentations.
            DataError: If their file cannot be used.
        """
        path = results.get('regions_path')
        if path is None or 'ori_shape' not in results:
            raise ConfigError(
                'LoadRegions needs an image of wsss.BSDS500 and wsss.LoadImage before it.'
            )
        regions = read_human_regions(path, tuple(results['ori_shape']))
        if self.choose == 'all':
            results['human_regions'] = regions
            return results
        one = regions[int(torch.randint(len(regions), ()))]  # workers are seeded
        results['gt_seg_map'] = largest_first(one, self.max_regions)
        results['seg_fields'] = [*results.get('seg_fields', []), 'gt_seg_map']
        return results


def largest_first(regions: np.ndarray, max_regions: int) -> np.ndarray:
    """Number regions from large to small, and leave out those beyond the limit.

    Args:
        regions: Integer ``(H, W)``, any numbers.
        max_regions: At most 255.

    Returns:
        uint8 ``(H, W)``: 0..max_regions-1, 255 for the rest; of equal ones that of the smaller
        number comes first.

    Example:
        >>> largest_first(np.array([[3, 7, 7], [1, 7, 1]]), 2)
        array([[255,   0,   0],
               [  1,   0,   1]], dtype=uint8)
    """
    _, inverse, areas = np.unique(regions, return_inverse=True, return_counts=True)
    table = np.full(len(areas), IGNORE, np.uint8)
    kept = np.argsort(-areas, kind='stable')[:max_regions]
    table[kept] = np.arange(len(kept))
    return table[inverse.reshape(regions.shape)]
