# SPDX-License-Identifier: Apache-2.0
"""A threshold per image and class from the histogram of the map."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_integer, check_unit
from ...errors import ConfigError
from ...ops.best_class import labels_of_keys
from ...ops.otsu import otsu_thresholds
from ...ops.own_threshold import best_reached
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class Otsu(PseudoLabeler):
    """Otsu's threshold of each class map, at the size of the image, without any label.

    N. Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Trans. SMC 1979. A
    pixel belongs to the class with the highest score among those whose own threshold it reaches,
    and to the background if there is none.

    Args:
        bins: Bins of the histogram between the smallest and largest score, at least 2.
        low: In [0, 1], thresholds are not below it: keeps a map that is empty, or has no two
            levels, from becoming all foreground.
        high: In [``low``, 1], thresholds are not above it.

    Raises:
        ConfigError: For values out of range.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.1, 0.2, 0.9]]]), size=(1, 3))
        >>> Otsu()(maps, class_to_label=(1,))
        tensor([[0, 0, 1]], dtype=torch.uint8)
    """

    protocol = 'label_free'

    def __init__(self, bins: int = 256, low: float = 0.05, high: float = 0.95):
        self.bins = check_integer(bins, 'Otsu.bins', 2)
        self.low = check_unit(low, 'Otsu.low')
        self.high = check_unit(high, 'Otsu.high')
        if self.low > self.high:
            raise ConfigError(f'Otsu.low must not be larger than high, got low={low}, high={high}')

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        labels = labels_of_keys(maps.keys, class_to_label).to(maps.scores.device)
        scores = maps.resized().scores
        thresholds = otsu_thresholds(scores.flatten(1), self.bins).clamp(self.low, self.high)
        return best_reached(scores, thresholds, labels)

    def describe(self) -> dict:
        """Return the bounds of the thresholds."""
        return {'type': 'Otsu', 'bins': self.bins, 'low': self.low, 'high': self.high}
