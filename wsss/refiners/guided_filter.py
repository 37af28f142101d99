# SPDX-License-Identifier: Apache-2.0
"""Guided filter as a refiner."""

from __future__ import annotations

import numpy as np
import torch

from ..checks import check_integer, check_number
from ..ops.guided_filter import guided_filter
from ..registry import REFINERS
from ..structures import ScoreMaps
from .base import BaseRefiner


@REFINERS.register_module()
class GuidedFilter(BaseRefiner):
    """Maps that take over the edges of the image: local linear functions of its colours.

    K. He, J. Sun, X. Tang, "Guided Image Filtering", ECCV 2010 and TPAMI 35(6), 2013. It is cheap,
    and its cost does not depend on the radius. What goes beyond [0, 1] at edges is clipped. Maps
    without a background of their own get none. There are no published values for activation maps;
    the defaults are those of the paper's feathering of masks, which is the nearest task.

    Args:
        radius: Of the windows, in pixels.
        eps: How much contrast, squared, counts as an edge, with colours in [0, 1]; larger is
            smoother.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> GuidedFilter()(np.zeros((12, 16, 3), np.uint8), maps).scores.shape
        torch.Size([1, 12, 16])
    """

    def __init__(self, radius: int = 60, eps: float = 1e-6):
        self.radius = check_integer(radius, 'GuidedFilter.radius', 1)
        self.eps = check_number(eps, 'GuidedFilter.eps', 0, above=True)

    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return maps at the size of the image."""
        full = maps.resized()
        planes = full.planes().permute(1, 2, 0).numpy()
        filtered = guided_filter(image / 255, planes, self.radius, self.eps)
        filtered = np.clip(filtered, 0, 1, dtype=np.float32, casting='same_kind')
        return full.with_planes(torch.from_numpy(filtered).permute(2, 0, 1).contiguous())
