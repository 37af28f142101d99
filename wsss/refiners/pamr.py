# SPDX-License-Identifier: Apache-2.0
"""Pixel-adaptive mask refinement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ..errors import ConfigError
from ..ops.local_affinity import average_by_affinity, colour_affinity
from ..registry import REFINERS
from ..structures import ScoreMaps
from .base import BaseRefiner


@REFINERS.register_module()
class PAMR(BaseRefiner):
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
        self.dilations = tuple(dilations)
        if not self.dilations or any(not isinstance(d, int) or d < 1 for d in self.dilations):
            raise ConfigError(
                f'PAMR.dilations must be distances of at least 1 pixel, got {dilations!r}.'
            )
        if not isinstance(iterations, int) or iterations < 0:
            raise ConfigError(f'PAMR.iterations must be a number from 0 on, got {iterations!r}.')
        if not softness > 0:
            raise ConfigError(f'PAMR.softness must be above 0, got {softness!r}.')
        self.iterations = iterations
        self.softness = softness

    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return maps at the size of the image."""
        full = maps.resized()
        planes = full.scores
        if full.background is not None:
            planes = torch.cat([full.background[None], planes])
        pixels = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255)
        affinity = colour_affinity(pixels[None], self.dilations, self.softness)
        planes = average_by_affinity(planes[None], affinity, self.dilations, self.iterations)[0]
        if full.background is not None:
            return replace(full, scores=planes[1:], background=planes[0])
        return replace(full, scores=planes)
