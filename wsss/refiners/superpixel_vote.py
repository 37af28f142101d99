# SPDX-License-Identifier: Apache-2.0
"""A vote of the pixels of each superpixel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..checks import check_unit
from ..errors import ConfigError, near_matches
from ..ops.background import best_plane
from ..ops.region_vote import elect, region_means, region_shares, spread
from ..registry import REFINERS
from ..structures import ScoreMaps
from ..superpixels import BaseSuperpixels
from .background import Background
from .base import BaseRefiner
from .regions import build_regions

MODES = ('soft_keep', 'soft', 'hard', 'conf')
MEANS = ('arithmetic', 'geometric')
_TINY = 2.0**-24  # the smallest score that is stored
USUAL_THRESHOLD = 0.3


@REFINERS.register_module()
class SuperpixelVote(BaseRefiner):
    """All pixels of a superpixel get one score, or one label.

    With ``q_R(c)`` the mean of the scores of class c over the region R, background among the
    classes:

    - ``soft_keep``: every pixel gets ``q_R``. Scores stay soft and thresholds keep their meaning;
      maps without a background get none unless ``bg_power`` or ``bg_threshold`` is given.
    - ``soft``: every pixel gets the label ``argmax_c q_R(c)``, as scores of 0 and 1.
    - ``hard``: every pixel gets the label that most pixels of the region have.
    - ``conf``: as ``soft``, but where ``max_c q_R(c)`` is below ``min_confidence`` all scores and
      the background are 0, which the labeler ``ArgMax`` turns into 255 (ignore).

    A class wins over a background of the same score. The last three belong before ``ArgMax``.

    Args:
        superpixels: Config of a source of regions.
        mode: One of the above.
        min_confidence: In [0, 1], of ``conf`` only.
        mean: ``geometric`` averages the logarithms of the scores: with probabilities of a softmax
            the winner of a region is that of the summed logits. Not of ``hard``.
        bg_power: Background score ``(1 - max_k M_k)^bg_power`` where maps have none of their own.
        bg_threshold: A constant background score instead. Default, but for ``soft_keep``: 0.3.
        cache_dir: Where region maps are kept, for this run and the next. None computes them each
            time.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> vote = SuperpixelVote(dict(type='SLIC', num_segments=400), mode='soft')
        >>> vote(np.zeros((12, 16, 3), np.uint8), maps).scores.unique()
        tensor([1.])
    """

    takes_image_id = True

    def __init__(
        self,
        superpixels: dict | BaseSuperpixels = dict(type='SLIC'),  # noqa: B006 (only read)
        mode: str = 'soft_keep',
        min_confidence: float | None = None,
        mean: str = 'arithmetic',
        bg_power: float | None = None,
        bg_threshold: float | None = None,
        cache_dir: str | None = None,
    ):
        if mode not in MODES:
            raise ConfigError(
                f'SuperpixelVote.mode: {mode!r} is not known.{near_matches(str(mode), MODES)} '
                f'Allowed: {", ".join(MODES)}.'
            )
        if (min_confidence is not None) != (mode == 'conf'):
            raise ConfigError(
                "SuperpixelVote: mode='conf' and min_confidence belong together, got "
                f'mode={mode!r}, min_confidence={min_confidence!r}.'
            )
        if mean not in MEANS or (mode == 'hard' and mean != 'arithmetic'):
            raise ConfigError(
                f'SuperpixelVote.mean must be one of {", ".join(MEANS)} and has no meaning with '
                f"mode='hard', got mean={mean!r}, mode={mode!r}."
            )
        check_unit(min_confidence, 'SuperpixelVote.min_confidence', optional=True)
        if mode != 'soft_keep' and bg_power is None and bg_threshold is None:
            bg_threshold = USUAL_THRESHOLD
        self.mode, self.mean = mode, mean
        self.min_confidence = min_confidence or 0.0
        self.background = Background('SuperpixelVote', bg_power, bg_threshold)
        self.superpixels = build_regions(superpixels, cache_dir, 'SuperpixelVote')

    def refine(self, image: np.ndarray, maps: ScoreMaps, image_id: str | None = None) -> ScoreMaps:
        """Return maps at the size of the image."""
        return self.refine_all(image, [maps], image_id)[0]

    def refine_all(
        self, image: np.ndarray, views: list[ScoreMaps], image_id: str | None = None
    ) -> list[ScoreMaps]:
        """Return maps at the size of the image; regions are made once."""
        ids = torch.from_numpy(self.superpixels(image, image_id))
        return [self._vote(self.background.given_to(maps.resized()), ids) for maps in views]

    def _vote(self, maps: ScoreMaps, ids: Tensor) -> ScoreMaps:
        planes = maps.planes()
        if self.mode == 'hard':
            labels, scores = best_plane(planes)
            labels = labels.masked_fill(scores <= 0, len(planes))
            means = region_shares(labels, ids, len(planes))
        elif self.mean == 'geometric':
            means = region_means(planes.clamp(min=_TINY).log(), ids).exp()
        else:
            means = region_means(planes, ids)
        if self.mode != 'soft_keep':
            means = elect(means, self.min_confidence)
        return maps.with_planes(spread(means, ids))
