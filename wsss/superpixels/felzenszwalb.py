# SPDX-License-Identifier: Apache-2.0
"""Felzenszwalb's graph-based regions."""

from __future__ import annotations

import numpy as np
import skimage
from skimage.segmentation import felzenszwalb

from ..checks import check_integer, check_number
from ..registry import SUPERPIXELS
from .base import BaseSuperpixels


@SUPERPIXELS.register_module()
class Felzenszwalb(BaseSuperpixels):
    """Regions that differ from their neighbours more than within themselves, of any size.

    P. Felzenszwalb, D. Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 59(2), 2004,
    as scikit-image has it.

    Args:
        scale: How much difference is needed to keep regions apart; larger means larger regions.
        sigma: Blur in pixels before; 0 for none.
        min_size: Regions of fewer pixels are joined to a neighbour.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> Felzenszwalb()(np.zeros((16, 16, 3), np.uint8)).max()
        np.int32(0)
    """

    def __init__(self, scale: float = 100.0, sigma: float = 0.8, min_size: int = 50):
        self.scale = check_number(scale, 'Felzenszwalb.scale', 0, above=True)
        self.sigma = check_number(sigma, 'Felzenszwalb.sigma', 0)
        self.min_size = check_integer(min_size, 'Felzenszwalb.min_size', 0)

    def settings(self) -> dict:
        """Return the arguments and the version of scikit-image."""
        return dict(super().settings(), skimage=skimage.__version__)

    def compute(self, image: np.ndarray, image_id: str | None) -> np.ndarray:
        """Return the regions."""
        return felzenszwalb(image, self.scale, self.sigma, self.min_size)
