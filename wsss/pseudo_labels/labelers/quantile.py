# SPDX-License-Identifier: Apache-2.0
"""A threshold per image and class that a given share of the pixels stays below."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_unit
from ...ops.best_class import labels_of_keys
from ...ops.own_threshold import best_reached
from ...ops.top_fraction import top_fraction_thresholds
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class Quantile(PseudoLabeler):
    """The pixels of each class map at or above the map's own quantile, whatever the map's scale.

    A pixel belongs to the class with the highest score among those whose own threshold it reaches,
    and to the background if there is none. Every class of the image label gets pixels, ``1 - q`` of
    the image before classes compete. It assumes that objects are of similar size, which a
    threshold does not; it needs no scale that is the same in all images, which a threshold does.

    Args:
        q: In [0, 1], the share of the pixels below the threshold of a map.
        low: In [0, 1], thresholds are not below it: keeps an empty map empty.

    Raises:
        ConfigError: For values out of range.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.1, 0.2, 0.4, 0.3]]]), (1, 4))
        >>> Quantile(0.5)(maps, class_to_label=(1,))
        tensor([[0, 0, 1, 1]], dtype=torch.uint8)
    """

    def __init__(self, q: float = 0.7, low: float = 0.05):
        self.q = check_unit(q, 'Quantile.q')
        self.low = check_unit(low, 'Quantile.low')

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        labels = labels_of_keys(maps.keys, class_to_label).to(maps.scores.device)
        scores = maps.resized().scores
        thresholds = top_fraction_thresholds(scores.flatten(1), 1 - self.q).clamp(min=self.low)
        return best_reached(scores, thresholds, labels)

    def describe(self) -> dict:
        """Return the quantile and the bound."""
        return {'type': 'Quantile', 'q': self.q, 'low': self.low}
