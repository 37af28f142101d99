# SPDX-License-Identifier: Apache-2.0
"""A random walk between superpixels that touch."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..checks import check_choice, check_integer, check_number
from ..ops.partition import HardPartition
from ..ops.random_walk import random_walk
from ..ops.region_graph import region_affinity, touching_regions
from ..ops.region_vote import region_means
from ..registry import REFINERS
from ..structures import ScoreMaps
from ..superpixels import BaseSuperpixels
from .base import BaseRefiner
from .regions import build_regions


@REFINERS.register_module()
class SuperpixelWalk(BaseRefiner):
    """Mean scores of superpixels walk to those they touch.

    The walk is that of AffinityNet (Ahn and Kwak, CVPR 2018) on the graph of superpixels. Nothing
    is learnt. Values stay within the range of the maps, and maps without a background get none.

    Args:
        superpixels: Config of a source of regions.
        softness: In units of CIELAB, of which 2 can just be told apart by eye; for ``colour``.
        steps: Of the walk.
        affinity: ``colour``: of two that touch, ``exp(-|c_i - c_j| / softness)`` of their mean
            colours in CIELAB. ``borders``: the share of its pixels that one hands to the other
            when each goes to one of its four neighbours, what SP-CAM's affinity is for regions
            with hard outlines (:func:`wsss.ops.region_graph.region_walk_matrix`); it takes
            hundreds of steps, as most pixels stay.
        cache_dir: Where region maps are kept; None computes them each time.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> SuperpixelWalk()(np.zeros((12, 16, 3), np.uint8), maps).scores.shape
        torch.Size([1, 12, 16])
    """

    takes_image_id = True

    def __init__(
        self,
        superpixels: dict | BaseSuperpixels = dict(type='SLIC'),  # noqa: B006 (only read)
        softness: float = 3.0,
        steps: int = 8,
        cache_dir: str | None = None,
        affinity: str = 'colour',
    ):
        self.softness = check_number(softness, 'SuperpixelWalk.softness', 0, above=True)
        self.steps = check_integer(steps, 'SuperpixelWalk.steps', 0)
        self.affinity = check_choice(affinity, 'SuperpixelWalk.affinity', ('colour', 'borders'))
        self.superpixels = build_regions(superpixels, cache_dir, 'SuperpixelWalk')

    def refine(self, image: np.ndarray, maps: ScoreMaps, image_id: str | None = None) -> ScoreMaps:
        """Return maps at the size of the image."""
        ids = torch.from_numpy(self.superpixels(image, image_id))
        full = maps.resized()
        parts = HardPartition(ids[None])
        means = parts.pool(full.planes()[None])
        if self.affinity == 'borders':
            walked = parts.walk(means, self.steps)
        else:
            walked = random_walk(self._likeness(image, ids), means[0], self.steps)[None]
        return full.with_planes(parts.unpool(walked.clamp_(0, 1))[0])

    def _likeness(self, image: np.ndarray, ids: torch.Tensor) -> torch.Tensor:
        """Return how alike the colours of regions that touch are, symmetric sparse ``(S, S)``."""
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        colours = region_means(torch.from_numpy(lab.transpose(2, 0, 1).copy()), ids)
        return region_affinity(colours, touching_regions(ids), self.softness)
