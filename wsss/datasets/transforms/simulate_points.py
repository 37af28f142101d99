# SPDX-License-Identifier: Apache-2.0
"""Points on what the truth shows."""

from __future__ import annotations

import numpy as np

from ...checks import check_integer
from ...ops.simulate import sample_pixels, split_objects
from ...registry import TRANSFORMS
from ...structures import BACKGROUND
from .annotate import SimulatedAnnotation


@TRANSFORMS.register_module()
class SimulatePoints(SimulatedAnnotation):
    """Random pixels of each connected part of a class, and of the background.

    Simulated point supervision: it looks at the mask.

    Args:
        num_per_object: For each connected part.
        num_background: For each image, 0 for none.
        min_area: Parts of fewer pixels get no point, but for the largest of a class.
        seed: Together with the image id it decides where the points are.
        allow_missing: Give a class without pixels a blank map instead of refusing the image.

    Raises:
        ConfigError: If a value is not allowed.

    Example:
        >>> classes = np.array([[-1, -2, 5]])
        >>> SimulatePoints(min_area=1).simulate(classes, np.random.default_rng(0)).tolist()
        [[0.0, 2.0, 5.0], [0.0, 0.0, -1.0]]
    """

    field = 'points'

    def __init__(
        self,
        num_per_object: int = 1,
        num_background: int = 1,
        min_area: int = 16,
        seed: int = 0,
        allow_missing: bool = False,
    ):
        super().__init__(allow_missing, seed)
        self.num_per_object = check_integer(num_per_object, 'SimulatePoints.num_per_object', 1)
        self.num_background = check_integer(num_background, 'SimulatePoints.num_background', 0)
        self.min_area = check_integer(min_area, 'SimulatePoints.min_area', 0)

    def simulate(self, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return points ``(P, 3)``: y, x, class."""
        regions, owners = split_objects(classes, self.min_area)
        objects = sample_pixels(regions, self.num_per_object, rng)
        nothing = sample_pixels((classes == BACKGROUND).astype(int), self.num_background, rng)
        found = np.concatenate([objects, nothing])
        names = np.r_[owners[regions[tuple(objects.T)] - 1], np.full(len(nothing), BACKGROUND)]
        return np.concatenate([found, names[:, None]], axis=1).astype(np.float64)
