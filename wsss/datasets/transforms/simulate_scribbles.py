# SPDX-License-Identifier: Apache-2.0
"""Strokes on what the truth shows."""

from __future__ import annotations

import numpy as np

from ...checks import check_flag, check_integer, check_number
from ...ops.simulate import draw_strokes, split_objects
from ...registry import TRANSFORMS
from ...structures import BACKGROUND, UNLABELLED
from .annotate import SimulatedAnnotation


@TRANSFORMS.register_module()
class SimulateScribbles(SimulatedAnnotation):
    """A piece of the skeleton of each connected part of a class, and of the background.

    Simulated scribble supervision: it looks at the mask. Strokes are one pixel wide.

    Args:
        fraction: How much of a skeleton is drawn, in (0, 1].
        background: Whether the background gets strokes too.
        min_area: Parts of fewer pixels get no stroke, but for the largest of a class.
        seed: Together with the image id it decides which piece.
        allow_missing: Give a class without pixels a blank map instead of refusing the image.

    Raises:
        ConfigError: If a value is not allowed.

    Example:
        >>> classes = np.full((3, 9), 5)
        >>> drawn = SimulateScribbles(fraction=1.0).simulate(classes, np.random.default_rng(0))
        >>> np.unique(drawn).tolist()
        [-2, 5]
    """

    field = 'scribbles'

    def __init__(
        self,
        fraction: float = 0.5,
        background: bool = True,
        min_area: int = 16,
        seed: int = 0,
        allow_missing: bool = False,
    ):
        super().__init__(allow_missing, seed)
        self.fraction = check_number(fraction, 'SimulateScribbles.fraction', 0, 1, above=True)
        self.background = check_flag(background, 'SimulateScribbles.background')
        self.min_area = check_integer(min_area, 'SimulateScribbles.min_area', 0)

    def simulate(self, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a map of strokes, int16 ``(H, W)``."""
        regions, _ = split_objects(classes, self.min_area)
        drawn = draw_strokes(regions, self.fraction, rng)
        if self.background:
            nothing = (classes == BACKGROUND).astype(np.int32)
            drawn |= draw_strokes(nothing, self.fraction, rng)
        return np.where(drawn, classes, UNLABELLED).astype(np.int16)
