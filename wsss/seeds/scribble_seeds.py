# SPDX-License-Identifier: Apache-2.0
"""Scribbles as score maps."""

from __future__ import annotations

import cv2
import numpy as np

from ..checks import check_integer
from ..registry import SEEDS
from ..structures import BACKGROUND, Annotation, ScoreMaps
from .base import BaseSeed


@SEEDS.register_module()
class ScribbleSeeds(BaseSeed):
    """Score 1 on the scribbles of a class, and background 1 on those of the background.

    Scribbles are widened; where those of several classes meet, only the scribbles themselves count.
    Elsewhere there is neither score nor background: nothing is known of these pixels, and a labeler
    that compares the two leaves them to be ignored.

    Args:
        width: Of a line in pixels, for scribbles of one pixel; 1 leaves them as they are.

    Raises:
        ConfigError: If ``width`` is not an integer of at least 1.

    Example:
        >>> scribbles = np.full((5, 5), -2, np.int16)
        >>> scribbles[2, 1:4] = 7
        >>> ScribbleSeeds(width=1)(Annotation((5, 5), [7], scribbles=scribbles)).scores.sum()
        tensor(3.)
    """

    needs = ('scribbles',)

    def __init__(self, width: int = 5):
        width = check_integer(width, 'ScribbleSeeds.width', 1)
        self.brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))

    def make(self, annotation: Annotation) -> ScoreMaps:
        """Return hard maps of all classes; blank for one without a scribble."""
        keys = np.array([BACKGROUND, *annotation.labels])
        drawn = annotation.scribbles[:, :, None] == keys
        wide = cv2.dilate(drawn.astype(np.uint8), self.brush).reshape(drawn.shape) > 0
        contested = wide.sum(axis=2, keepdims=True) > 1
        planes = np.where(contested, drawn, wide).transpose(2, 0, 1).astype(np.float32)
        return self.maps(annotation, planes[1:], planes[0])
