# SPDX-License-Identifier: Apache-2.0
"""All classes as one."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from ...ops.confusion import IGNORE
from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class MergeClasses(BaseTransform):
    """Make every class of ``gt_seg_map`` label 1: what is an object, whatever it is.

    For networks that tell objects from background, such as those of saliency. Background stays 0,
    what is ignored stays 255.

    Example:
        >>> mask = np.array([[0, 7, 255]], np.uint8)
        >>> MergeClasses()(dict(gt_seg_map=mask))['gt_seg_map']
        array([[  0,   1, 255]], dtype=uint8)
    """

    def transform(self, results: dict) -> dict:
        """Replace ``gt_seg_map``, where there is one."""
        mask = results.get('gt_seg_map')
        if mask is not None:
            results['gt_seg_map'] = np.where(mask == IGNORE, mask, mask > 0).astype(mask.dtype)
        return results
