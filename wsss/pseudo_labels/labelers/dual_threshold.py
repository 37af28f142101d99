# SPDX-License-Identifier: Apache-2.0
"""Two thresholds with an ignored band between them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_integer, check_unit
from ...errors import ConfigError
from ...ops.best_class import best_class
from ...ops.confusion import IGNORE
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class DualThreshold(PseudoLabeler):
    """The best class from ``high`` on, background below ``low``, 255 (ignore) in between.

    Either both thresholds are given, or the distances of both from a threshold that the stage
    searches; the search itself looks at the single threshold. A rule of thumb for the margins is
    0.10 below and 0.10 to 0.15 above the best single threshold. An image without classes is all
    background.

    Args:
        low: In [0, 1]; scores below are background.
        high: In [``low``, 1]; scores from here on are the class.
        margin_low: In [0, 1], how far ``low`` lies below the searched threshold.
        margin_high: In [0, 1], how far ``high`` lies above it.
        threshold: The single threshold in the middle, with margins only; None leaves it to the
            search of the stage.
        between: Label of the band between the two, where a recipe learns it as one of its own.

    Raises:
        ConfigError: If thresholds and margins are mixed, missing or in the wrong order.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.2, 0.5, 0.8]]]), size=(1, 3))
        >>> DualThreshold(0.4, 0.6)(maps, class_to_label=(1,))
        tensor([[  0, 255,   1]], dtype=torch.uint8)
    """

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        margin_low: float | None = None,
        margin_high: float | None = None,
        threshold: float | None = None,
        between: int = IGNORE,
    ):
        self.low = check_unit(low, 'DualThreshold.low', optional=True)
        self.high = check_unit(high, 'DualThreshold.high', optional=True)
        self.margin_low = check_unit(margin_low, 'DualThreshold.margin_low', optional=True)
        self.margin_high = check_unit(margin_high, 'DualThreshold.margin_high', optional=True)
        self.threshold = check_unit(threshold, 'DualThreshold.threshold', optional=True)
        self.between = check_integer(between, 'DualThreshold.between', 0)
        if self.between > IGNORE:
            raise ConfigError(f'DualThreshold.between must be at most 255, got {between}.')
        given = [value is not None for value in (low, high, margin_low, margin_high)]
        if given == [True, True, False, False] and threshold is None:
            if self.low > self.high:
                raise ConfigError(
                    f'DualThreshold.low must not be larger than high, got low={low}, high={high}'
                )
        elif given != [False, False, True, True]:
            raise ConfigError(
                'DualThreshold takes either low and high, or margin_low and margin_high (around a '
                f'searched threshold), got low={low}, high={high}, margin_low={margin_low}, '
                f'margin_high={margin_high}, threshold={threshold}'
            )
        elif self.threshold is not None:
            self.low = max(0.0, self.threshold - self.margin_low)
            self.high = min(1.0, self.threshold + self.margin_high)

    @property
    def searchable(self) -> bool:
        """True if the two thresholds follow a searched one."""
        return self.margin_low is not None

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        if self.searchable:
            self.needs_threshold()
        label, score = best_class(maps, class_to_label)
        if len(maps.keys) == 0:
            return label
        band = (score >= self.low) & (score < self.high)
        return label.masked_fill(band, self.between).masked_fill_(score < self.low, 0)

    def with_threshold(self, value: float) -> DualThreshold:
        """Return a labeler whose band lies around ``value``."""
        if not self.searchable:
            return super().with_threshold(value)
        return DualThreshold(
            margin_low=self.margin_low,
            margin_high=self.margin_high,
            threshold=value,
            between=self.between,
        )

    def describe(self) -> dict:
        """Return the thresholds in use."""
        described = {'type': 'DualThreshold', 'low': self.low, 'high': self.high}
        return described if self.between == IGNORE else {**described, 'between': self.between}
