# SPDX-License-Identifier: Apache-2.0
"""The best of background and classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...checks import check_unit
from ...errors import ConfigError
from ...ops.best_class import best_class
from ...ops.confusion import IGNORE
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class ArgMax(PseudoLabeler):
    """The argmax over the background and the classes of maps that have a background.

    It has no threshold: what is background was decided by the refiner. A class wins over a
    background of the same score. Pixels where all scores are 0 are nobody's and get 255 (ignore).

    Args:
        min_score: In [0, 1]; 255 where the best score is lower. None for never.

    Raises:
        ConfigError: For values out of range, and for maps without a background.

    Example:
        >>> scores, background = torch.tensor([[[0.7, 0.2, 0.0]]]), torch.tensor([[0.3, 0.8, 0.0]])
        >>> ArgMax()(ScoreMaps(torch.tensor([2]), scores, (1, 3), background), (1, 2, 3))
        tensor([[  3,   0, 255]], dtype=torch.uint8)
    """

    def __init__(self, min_score: float | None = None):
        self.min_score = check_unit(min_score, 'ArgMax.min_score', optional=True)

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        full = maps.resized()
        label, score = best_class(full, class_to_label)
        if len(maps.keys) == 0:
            return label
        if full.background is None:
            raise ConfigError(
                'ArgMax compares classes with a background, the maps have none. Refine them with '
                "one that gives it (DenseCRF, ClassMorphology, SuperpixelVote with mode='soft'), "
                'or use a labeler with a threshold such as GlobalThreshold.'
            )
        label = label.masked_fill(score < full.background, 0)
        best = torch.maximum(score, full.background)
        unsure = best <= 0 if self.min_score is None else (best <= 0) | (best < self.min_score)
        return label.masked_fill_(unsure, IGNORE)

    def describe(self) -> dict:
        """Return the lowest score in use."""
        return {'type': 'ArgMax', 'min_score': self.min_score}
