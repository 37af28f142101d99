# SPDX-License-Identifier: Apache-2.0
"""The threshold that the truth of the reported images would choose."""

from __future__ import annotations

from ...errors import ConfigError
from ...evaluation.threshold_curve import ThresholdCurve
from ...registry import THRESHOLDS
from .base import Threshold, ThresholdChoice


@THRESHOLDS.register_module()
class OracleThreshold(Threshold):
    """The best mIoU on the very images that are reported: an upper bound, not a result.

    Many papers choose their background threshold this way. It uses pixel labels of the reported
    images, so it is named in everything that is written and printed.

    Args:
        thresholds: What is tried, default 0.00, 0.01, ... 1.00; of equal ones the lowest wins.

    Example:
        >>> OracleThreshold(thresholds=[0.1, 0.2, 0.3]).protocol
        'oracle'
    """

    protocol = 'oracle'

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the best threshold of the reported images."""
        part = curve.reported
        if not curve.num_images(part):
            raise ConfigError(
                'threshold: OracleThreshold needs truth, but none of the reported images '
                f'({part}) has any. Use a split with masks, or FixedThreshold, EarlierThreshold '
                'or LabelFreeThreshold.'
            )
        value, _ = curve.best(part)
        images = curve.num_images(part)
        return ThresholdChoice(value, self.protocol, f'the reported images ({part})', images)
