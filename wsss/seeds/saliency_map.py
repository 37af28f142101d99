# SPDX-License-Identifier: Apache-2.0
"""Saliency as score maps."""

from __future__ import annotations

import warnings

import numpy as np

from ..registry import SEEDS
from ..structures import Annotation, ScoreMaps
from .base import BaseSeed


@SEEDS.register_module()
class SaliencyMap(BaseSeed):
    """The saliency of an image as the map of its class, and what is left as background.

    Saliency knows no classes. Of an image with several, each gets the same map, which cannot tell
    them apart: labels made of it alone are ambiguous there (the lowest class id wins, and a warning
    says so once). Multiply such maps with class maps, or use images of one class.

    Example:
        >>> annotation = Annotation((1, 2), [3], saliency=np.array([[0.25, 1]], np.float32))
        >>> SaliencyMap()(annotation).background
        tensor([[0.7500, 0.0000]])
    """

    needs = ('saliency',)

    def make(self, annotation: Annotation) -> ScoreMaps:
        """Return the saliency once for each class."""
        if len(annotation.labels) > 1:
            warnings.warn(
                'SaliencyMap: an image has several classes, which get the same map; labels made of '
                'such maps alone are ambiguous.',
                stacklevel=2,
            )
        saliency = annotation.saliency.astype(np.float32)
        scores = np.repeat(saliency[None], len(annotation.labels), axis=0)
        return self.maps(annotation, scores, 1 - saliency)
