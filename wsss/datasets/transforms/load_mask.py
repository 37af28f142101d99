# SPDX-License-Identifier: Apache-2.0
"""Open a label map."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import DataError
from ...registry import TRANSFORMS
from ..mask_io import read_mask


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Open the label map of an image, its truth or what an earlier stage wrote, as ``gt_seg_map``.

    Must come directly after ``LoadImage`` in training pipelines; at test, where mmseg wants the
    truth at native size, it may come after resizing: the size is checked against ``ori_shape``.
    Pictures of background (``WithBackground``) have no file, their mask is all 0.

    Args:
        optional: True leaves out ``gt_seg_map`` for an image without mask instead of raising.

    Example:
        >>> LoadMask(optional=True)({'image_id': 'a', 'mask_path': None})['image_id']
        'a'
    """

    reads_masks = True  # so they count for what is stale

    def __init__(self, optional: bool = False):
        self.optional = optional

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` uint8 ``(H, W)`` to ``results``."""
        image_id, path = results['image_id'], results.get('mask_path')
        if path is not None:
            mask = read_mask(
                path,
                results['num_labels'],
                results.get('ori_shape'),
                results.get('mask_values'),
                image_id,
            )
        elif results.get('all_background'):
            mask = np.zeros(results['ori_shape'], np.uint8)
        elif self.optional:
            return results
        else:
            raise DataError(
                f'image {image_id!r} has no mask, and this stage needs one. Use a split with '
                'masks, or mask_folder of the data set to read the labels of an earlier stage.'
            )
        results['gt_seg_map'] = mask
        results['seg_fields'] = [*results.get('seg_fields', []), 'gt_seg_map']
        return results
