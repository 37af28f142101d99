# SPDX-License-Identifier: Apache-2.0
"""The threshold that held-out images choose for the others."""

from __future__ import annotations

from ...errors import ConfigError
from ...evaluation.threshold_curve import ThresholdCurve
from ...registry import THRESHOLDS
from .base import Threshold, ThresholdChoice


@THRESHOLDS.register_module()
class HeldOutThreshold(Threshold):
    """The best mIoU on the images with ``held_out=True``; the figures are those of the others.

    ``held_out=<fraction>`` of the data set chooses the images. Only their masks are looked at.

    Args:
        thresholds: What is tried, default 0.00, 0.01, ... 1.00; of equal ones the lowest wins.

    Example:
        >>> HeldOutThreshold(thresholds=[0.1, 0.2, 0.3]).protocol
        'held_out'
    """

    protocol = 'held_out'

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the best threshold of the held-out images."""
        name = type(self).__name__
        if not curve.num_images('all'):
            raise ConfigError(
                f'threshold: {name} needs truth, but no image of this split has any. Use a split '
                'with masks, or FixedThreshold, EarlierThreshold or LabelFreeThreshold.'
            )
        images = curve.num_images('held_out')
        if not images:
            raise ConfigError(
                f'threshold: {name} found no held-out image with truth among '
                f'{curve.num_images("all")}. Set held_out=0.1 (a fraction) of the data set of this '
                'stage, or use FixedThreshold, EarlierThreshold or LabelFreeThreshold.'
            )
        if curve.reported != 'rest':
            raise ConfigError(
                f'threshold: {name} would report the images ({curve.reported}) that chose the '
                "threshold. Set held_out='exclude' of MaskMetric."
            )
        value, _ = curve.best('held_out')
        return ThresholdChoice(value, self.protocol, 'the held-out images', images)
