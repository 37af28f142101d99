# SPDX-License-Identifier: Apache-2.0
"""The same share of foreground in every image."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_unit
from ...ops.best_class import best_class
from ...ops.top_fraction import top_fraction_thresholds
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class AreaPrior(PseudoLabeler):
    """The share ``area`` of the pixels of an image with the highest scores, each its best class.

    For images whose objects cover about the same area. A prior for the area of the whole data set,
    which leaves large and small objects their size, is
    :class:`wsss.pseudo_labels.thresholds.LabelFreeThreshold` with ``rule='area'``. An image
    without classes is all background.

    Args:
        area: In [0, 1], foreground pixels by all pixels.
        low: In [0, 1], scores below it are background in any case.

    Raises:
        ConfigError: For values out of range.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.1, 0.2, 0.4, 0.3]]]), (1, 4))
        >>> AreaPrior(area=0.25)(maps, class_to_label=(1,))
        tensor([[0, 0, 1, 0]], dtype=torch.uint8)
    """

    def __init__(self, area: float = 0.3, low: float = 0.05):
        self.area = check_unit(area, 'AreaPrior.area')
        self.low = check_unit(low, 'AreaPrior.low')

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        label, score = best_class(maps, class_to_label)
        if len(maps.keys) == 0:
            return label
        threshold = top_fraction_thresholds(score.reshape(1, -1), self.area).clamp(min=self.low)
        return label.masked_fill(score < threshold, 0)

    def describe(self) -> dict:
        """Return the area and the bound."""
        return {'type': 'AreaPrior', 'area': self.area, 'low': self.low}
