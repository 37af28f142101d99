# SPDX-License-Identifier: Apache-2.0
"""Pixel-adaptive refinement."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..checks import check_number
from ..ops.local_affinity import colour_position_affinity
from ..registry import REFINERS
from .local_affinity import LocalAffinityRefiner


@REFINERS.register_module()
class PAR(LocalAffinityRefiner):
    """Maps averaged over pixels of like colour, and a little over near ones, again and again.

    L. Ru, Y. Zhan, B. Yu, B. Du, "Learning Affinity from Attention: End-to-End Weakly-Supervised
    Semantic Segmentation with Transformers", CVPR 2022 (AFA), section 3.3, with the constants of
    the published code. Two deviations: weights are divided by their sum, so that values stay within
    the range of the maps (the labels are the same), and maps are enlarged with
    ``align_corners=False``. Maps without a background of their own get none.

    Args:
        dilations: Distances in pixels of the eight neighbours.
        iterations: How often maps are averaged.
        softness: Of both kernels; larger is smoother.
        position_weight: Of the kernel of places against that of colours.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> PAR()(np.zeros((12, 16, 3), np.uint8), maps).scores.shape
        torch.Size([1, 12, 16])
    """

    def __init__(
        self,
        dilations: Sequence[int] = (1, 2, 4, 8, 12, 24),
        iterations: int = 10,
        softness: float = 0.3,
        position_weight: float = 0.01,
    ):
        super().__init__(dilations, iterations, softness)
        self.position_weight = check_number(position_weight, 'PAR.position_weight', 0)

    def affinity(self, pixels: Tensor) -> Tensor:
        """Return the likeness of colours and the nearness of places."""
        return colour_position_affinity(pixels, self.dilations, self.softness, self.position_weight)
