# SPDX-License-Identifier: Apache-2.0
"""Smooth outlines by opening and closing."""

from __future__ import annotations

import math

import numpy as np

from ..checks import check_flag, check_number
from ..ops.class_morphology import smooth_classes, smooth_levels
from ..registry import REFINERS
from ..structures import ScoreMaps
from .background import Background
from .base import BaseRefiner

USUAL_THRESHOLD = 0.3


@REFINERS.register_module()
class ClassMorphology(BaseRefiner):
    """The labels of the maps without specks and cracks, as scores of 0 and 1.

    The mask of each class is opened, then closed, with a disk. It works on one mask per class:
    morphology on label ids would take the order of ids for an order of classes. A pixel in several
    masks goes to the class with the largest score there. Comes last; ``ArgMax`` makes labels of it.

    Args:
        radius: Of the disk in pixels of an image of 256 x 256; grows with the root of the area.
        bg_power: Background score ``(1 - max_k M_k)^bg_power`` where maps have none of their own.
        bg_threshold: A constant background score instead. Default: 0.3.
        ordered: Background and classes are levels of one thing, such as background, doubtful and
            sure: the levels are opened and closed as the grey values of a picture.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> ClassMorphology()(np.zeros((12, 16, 3), np.uint8), maps).scores.unique()
        tensor([1.])
    """

    def __init__(
        self,
        radius: float = 3.0,
        bg_power: float | None = None,
        bg_threshold: float | None = None,
        ordered: bool = False,
    ):
        self.radius = check_number(radius, 'ClassMorphology.radius', 0, above=True)
        self.ordered = check_flag(ordered, 'ClassMorphology.ordered')
        if bg_power is None and bg_threshold is None:
            bg_threshold = USUAL_THRESHOLD
        self.background = Background('ClassMorphology', bg_power, bg_threshold)

    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return maps at the size of the image."""
        full = self.background.given_to(maps.resized())
        radius = round(self.radius * math.sqrt(full.size[0] * full.size[1]) / 256)
        smooth = smooth_levels if self.ordered else smooth_classes
        return full.with_planes(smooth(full.planes(), radius))
