# SPDX-License-Identifier: Apache-2.0
"""SLIC superpixels."""

from __future__ import annotations

import numpy as np
import skimage
from skimage.segmentation import slic

from ..checks import check_integer, check_number
from ..registry import SUPERPIXELS
from .base import BaseSuperpixels, scaled_count


@SUPERPIXELS.register_module()
class SLIC(BaseSuperpixels):
    """Clusters of near pixels of like colour, of nearly equal size.

    R. Achanta, A. Shaji, K. Smith, A. Lucchi, P. Fua, S. Süsstrunk, "SLIC Superpixels Compared to
    State-of-the-Art Superpixel Methods", TPAMI 34(11), 2012, as scikit-image has it: the colours
    are stretched to [0, 1], turned into Lab and blurred; k-means of colour and place with
    ``d^2 = d_lab^2 / compactness^2 + d_xy^2 / step^2``; then loose parts are joined to a neighbour.

    A published recipe of voting has ``compactness=0.01, sigma=5``: place hardly counts, regions are
    ragged, and the blur hides fine edges. The defaults here are the usual ones.

    Args:
        num_segments: Regions per 256 x 256 pixels; larger images get more in proportion. A region
            has about ``65536 / num_segments`` pixels.
        compactness: Weight of place against colour; larger is more like squares.
        sigma: Blur in pixels; 0 for none.
        iterations: Of k-means, at most.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> regions = SLIC(num_segments=200)(np.zeros((128, 128, 3), np.uint8))
        >>> regions.shape, regions.dtype, int(regions.max()) + 1
        ((128, 128), dtype('int32'), 49)
    """

    def __init__(
        self,
        num_segments: float = 200,
        compactness: float = 10.0,
        sigma: float = 1.0,
        iterations: int = 10,
    ):
        self.num_segments = check_number(num_segments, 'SLIC.num_segments', 0, above=True)
        self.compactness = check_number(compactness, 'SLIC.compactness', 0, above=True)
        self.sigma = check_number(sigma, 'SLIC.sigma', 0)
        self.iterations = check_integer(iterations, 'SLIC.iterations', 1)

    def settings(self) -> dict:
        """Return the arguments and the version of scikit-image."""
        return dict(super().settings(), skimage=skimage.__version__)

    def compute(self, image: np.ndarray, image_id: str | None) -> np.ndarray:
        """Return the clusters."""
        return slic(
            image,
            n_segments=scaled_count(self.num_segments, image),
            compactness=self.compactness,
            sigma=self.sigma,
            max_num_iter=self.iterations,
            start_label=0,
        )
