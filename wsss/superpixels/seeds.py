# SPDX-License-Identifier: Apache-2.0
"""SEEDS superpixels, of OpenCV's extra modules."""

from __future__ import annotations

import cv2
import numpy as np

from ..checks import check_integer, check_number
from ..errors import ConfigError
from ..registry import SUPERPIXELS
from .base import BaseSuperpixels, scaled_count

MIN_SIDE = 64
MAX_RATIO = 8


@SUPERPIXELS.register_module()
class SEEDS(BaseSuperpixels):
    """Squares whose borders move to where colours change: faster than SLIC, and rougher.

    M. Van den Bergh, X. Boix, G. Roig, B. de Capitani, L. Van Gool, "SEEDS: Superpixels Extracted
    via Energy-Driven Sampling", ECCV 2012, of the module ``ximgproc``, which ``opencv-python`` has
    not. It does not come to an end on very narrow or small pictures: those are one region.

    Args:
        num_segments: Regions per 256 x 256 pixels, at most; larger images get more in proportion.
        levels: Of blocks; more means finer borders and larger regions.
        iterations: How often borders move.

    Raises:
        ConfigError: If a value is not usable, or OpenCV has no SEEDS.

    Example:
        >>> superpixels = dict(type='SEEDS', num_segments=200)
    """

    def __init__(self, num_segments: float = 200, levels: int = 4, iterations: int = 10):
        if not hasattr(cv2, 'ximgproc'):
            raise ConfigError(
                'SEEDS needs the module ximgproc of opencv-contrib-python. That package and '
                'opencv-python, which mmcv needs, write to one folder: have only one of them '
                "installed. dict(type='SLIC') needs neither."
            )
        self.num_segments = check_number(num_segments, 'SEEDS.num_segments', 0, above=True)
        self.levels = check_integer(levels, 'SEEDS.levels', 1)
        self.iterations = check_integer(iterations, 'SEEDS.iterations', 1)

    def settings(self) -> dict:
        """Return the arguments and the version of OpenCV."""
        return dict(super().settings(), cv2=cv2.__version__)

    def compute(self, image: np.ndarray, image_id: str | None) -> np.ndarray:
        """Return the regions."""
        height, width = image.shape[:2]
        if min(height, width) < max(MIN_SIDE, max(height, width) / MAX_RATIO):
            return np.zeros((height, width), np.int32)
        count = scaled_count(self.num_segments, image)
        seeds = cv2.ximgproc.createSuperpixelSEEDS(width, height, 3, count, self.levels)
        seeds.iterate(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), self.iterations)
        return seeds.getLabels()
