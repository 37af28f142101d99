# SPDX-License-Identifier: Apache-2.0
"""What refiners share that average maps by affinities of near pixels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..checks import check_integer, check_integers, check_number
from ..ops.local_affinity import average_by_affinity
from ..structures import ScoreMaps
from .base import BaseRefiner


class LocalAffinityRefiner(BaseRefiner):
    """Maps averaged over near pixels, again and again: override :meth:`affinity`.

    Values stay within the range of the maps, so thresholds keep their meaning, and maps without a
    background of their own get none.

    Args:
        dilations: Distances in pixels of the eight neighbours.
        iterations: How often maps are averaged.
        softness: Of the affinity; larger is smoother.

    Raises:
        ConfigError: If a value is not usable.
    """

    uses_device = True

    def __init__(self, dilations: Sequence[int], iterations: int, softness: float):
        name = type(self).__name__
        self.dilations = check_integers(dilations, f'{name}.dilations', 1)
        self.iterations = check_integer(iterations, f'{name}.iterations', 0)
        self.softness = check_number(softness, f'{name}.softness', 0, above=True)

    @abstractmethod
    def affinity(self, pixels: Tensor) -> Tensor:
        """Return the weights of the neighbours.

        Args:
            pixels: float RGB ``(1, 3, H, W)`` in [0, 1].

        Returns:
            float ``(1, n, H, W)``, sums to 1 over n.
        """

    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return maps at the size of the image."""
        full = maps.resized()
        pixels = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255)
        affinity = self.affinity(pixels[None].to(self.device))
        planes = full.planes()[None]
        return full.with_planes(
            average_by_affinity(planes, affinity, self.dilations, self.iterations)[0]
        )
