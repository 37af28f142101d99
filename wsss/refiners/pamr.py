# SPDX-License-Identifier: Apache-2.0
"""Pixel-adaptive mask refinement."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..ops.local_affinity import colour_affinity
from ..registry import REFINERS
from .local_affinity import LocalAffinityRefiner


@REFINERS.register_module()
class PAMR(LocalAffinityRefiner):
    """Maps averaged over near pixels of like colour, again and again.

    N. Araslanov, S. Roth, "Single-Stage Semantic Segmentation from Image Labels", CVPR 2020,
    section 3.2. Values stay within the range of the maps, so thresholds keep their meaning, and
    maps without a background of their own get none.

    Args:
        dilations: Distances in pixels of the eight neighbours.
        iterations: How often maps are averaged.
        softness: Of the affinity; larger is smoother.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> PAMR()(np.zeros((12, 16, 3), np.uint8), maps).scores.shape
        torch.Size([1, 12, 16])
    """

    def __init__(
        self,
        dilations: Sequence[int] = (1, 2, 4, 8, 12, 24),
        iterations: int = 10,
        softness: float = 0.1,
    ):
        super().__init__(dilations, iterations, softness)

    def affinity(self, pixels: Tensor) -> Tensor:
        """Return the likeness of colours."""
        return colour_affinity(pixels, self.dilations, self.softness)
