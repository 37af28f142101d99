# SPDX-License-Identifier: Apache-2.0
"""A threshold that somebody wrote down."""

from __future__ import annotations

from collections.abc import Sequence

from ...checks import check_unit
from ...evaluation.threshold_curve import ThresholdCurve
from ...registry import THRESHOLDS
from .base import Threshold, ThresholdChoice, join_grid


@THRESHOLDS.register_module()
class FixedThreshold(Threshold):
    """The threshold of the config, such as a paper's; no truth is looked at.

    Args:
        value: In [0, 1].
        thresholds: Points of the curve that is drawn where there is truth.

    Raises:
        ConfigError: If ``value`` is out of range.

    Example:
        >>> FixedThreshold(0.15).choose(None).value
        0.15
    """

    protocol = 'fixed'

    def __init__(self, value: float, thresholds: Sequence[float] | None = None):
        super().__init__(thresholds)
        self.value = check_unit(value, 'FixedThreshold.value')

    def grid(self) -> tuple[float, ...]:
        """Return the points of the curve with the value among them."""
        return join_grid(self.thresholds, self.value)

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the value of the config."""
        return ThresholdChoice(self.value, self.protocol, 'nothing, it is set in the config', 0)
