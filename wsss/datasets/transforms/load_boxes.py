# SPDX-License-Identifier: Apache-2.0
"""Boxes of the data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...registry import TRANSFORMS
from ..base import HEAD_BOXES
from .annotate import AnnotationTransform


@TRANSFORMS.register_module()
class LoadBoxes(AnnotationTransform):
    """Take the boxes that the data set has read from its annotation files.

    VOC, COCO, the generated shapes and folders with XML or COCO annotations have them; Oxford-IIIT
    Pet has head boxes with ``boxes='head'`` of the data set, and only for some images.

    Args:
        allow_missing: Give a class without boxes a blank map instead of refusing the image.

    Example:
        >>> LoadBoxes().source(dict(box_source='head boxes'))
        'head boxes'
    """

    field = 'boxes'

    def source(self, shared: dict) -> str:
        """Say what the boxes of the data set are."""
        return shared['box_source']

    def annotate(self, results: dict) -> dict[str, Any]:
        """Return the boxes and whether they are around heads."""
        boxes = np.array(results['boxes'], np.float64).reshape(-1, 5)
        return dict(boxes=boxes, head_boxes=results['box_source'] == HEAD_BOXES)
