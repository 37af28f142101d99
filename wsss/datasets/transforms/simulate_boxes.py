# SPDX-License-Identifier: Apache-2.0
"""Boxes around what the truth shows."""

from __future__ import annotations

import numpy as np

from ...checks import check_integer
from ...errors import ConfigError
from ...ops.simulate import split_objects, tight_boxes
from ...registry import TRANSFORMS
from .annotate import SimulatedAnnotation


@TRANSFORMS.register_module()
class SimulateBoxes(SimulatedAnnotation):
    """The smallest box around the pixels of each class, or of each connected part of it.

    Simulated box supervision: it looks at the mask.

    Args:
        per: ``class`` or ``component``.
        min_area: Components of fewer pixels get no box, but for the largest of a class.
        allow_missing: Give a class without pixels a blank map instead of refusing the image.

    Raises:
        ConfigError: If a value is not allowed.

    Example:
        >>> classes = np.array([[-1, 5, 5], [-1, 5, -1]])
        >>> SimulateBoxes().simulate(classes, np.random.default_rng(0)).tolist()
        [[1.0, 0.0, 3.0, 2.0, 5.0]]
    """

    field = 'boxes'

    def __init__(self, per: str = 'class', min_area: int = 16, allow_missing: bool = False):
        super().__init__(allow_missing)
        if per not in ('class', 'component'):
            raise ConfigError(f"SimulateBoxes.per must be 'class' or 'component', got {per!r}.")
        self.per = per
        self.min_area = check_integer(min_area, 'SimulateBoxes.min_area', 0)

    def simulate(self, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return boxes ``(B, 5)``; nothing of them is random."""
        if self.per == 'component':
            regions, owners = split_objects(classes, self.min_area)
        else:
            owners = np.unique(classes[classes >= 0])
            regions = np.where(classes >= 0, np.searchsorted(owners, classes) + 1, 0)
        return np.concatenate([tight_boxes(regions), owners[:, None]], axis=1)
