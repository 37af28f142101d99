# SPDX-License-Identifier: Apache-2.0
"""Points as score maps."""

from __future__ import annotations

import numpy as np

from ..checks import check_number
from ..ops.box_maps import gaussians, maximum_by_class
from ..registry import SEEDS
from ..structures import BACKGROUND, Annotation, ScoreMaps
from .base import BaseSeed

REACH = 2  # standard deviations


@SEEDS.register_module()
class PointSeeds(BaseSeed):
    """A Gaussian blob around each point, of its class or of the background.

    Blobs end after two standard deviations (score 0.135). Pixels beyond have neither score nor
    background: nothing is known of them, and a labeler that compares the two leaves them to be
    ignored.

    Args:
        sigma: Standard deviation as a fraction of the diagonal of the image.

    Raises:
        ConfigError: If ``sigma`` is not a number above 0.

    Example:
        >>> annotation = Annotation((9, 9), [3], points=np.array([[4, 4, 3], [0, 0, -1]]))
        >>> maps = PointSeeds(sigma=0.1)(annotation)
        >>> maps.scores[0, 4, 4], maps.background[0, 0], maps.background[4, 4]
        (tensor(1.), tensor(1.), tensor(0.))
    """

    needs = ('points',)

    def __init__(self, sigma: float = 0.01):
        self.sigma = check_number(sigma, 'PointSeeds.sigma', 0, above=True)

    def make(self, annotation: Annotation) -> ScoreMaps:
        """Return blobs of all classes; blank for one without a point."""
        points = annotation.points
        sigma_px = max(self.sigma * float(np.hypot(*annotation.size)), 0.5)
        centres = np.floor(points[:, :2]) + 0.5  # the middle of the pixel that was marked
        blobs = gaussians(centres, np.full_like(centres, sigma_px), annotation.size)
        blobs[blobs < np.exp(-(REACH**2) / 2)] = 0
        keys = np.array([BACKGROUND, *annotation.labels])
        merged = maximum_by_class(blobs, points[:, 2], keys)
        return self.maps(annotation, merged[1:], merged[0])
