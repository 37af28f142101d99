# SPDX-License-Identifier: Apache-2.0
"""The threshold that the maps alone choose."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...checks import check_number
from ...errors import ConfigError
from ...evaluation.threshold_curve import ThresholdCurve
from ...ops.otsu import otsu_cut
from ...registry import THRESHOLDS
from .base import Threshold, ThresholdChoice

RULES = ('otsu', 'area')


@THRESHOLDS.register_module()
class LabelFreeThreshold(Threshold):
    """One threshold for all images from the histogram of their best scores; no mask is looked at.

    ``otsu``: N. Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Trans. SMC
    1979, applied to the pixels of all images together: the cut that separates low from high scores
    with the largest variance between the two. It assumes that foreground and background are two
    groups of scores, neither of them rare: with objects that cover a few percent of their images
    it cuts inside the background, too low. ``area``: the threshold at which the share of
    foreground over all images comes closest to ``area``, which somebody must know.

    Images without any class are not counted; held-out images and those without masks are.

    Args:
        rule: ``otsu`` or ``area``.
        area: In (0, 1), for the rule ``area`` only: foreground pixels by all pixels.
        thresholds: What is tried, default 0.00, 0.01, ... 1.00; the cut lies on this grid.

    Raises:
        ConfigError: For an unknown rule, or an area that is missing, not needed or out of range.

    Example:
        >>> LabelFreeThreshold(rule='area', area=0.3).protocol
        'label_free'
    """

    protocol = 'label_free'
    reads_scores = True

    def __init__(
        self,
        rule: str = 'otsu',
        area: float | None = None,
        thresholds: Sequence[float] | None = None,
    ):
        super().__init__(thresholds)
        if rule not in RULES:
            raise ConfigError(
                f'LabelFreeThreshold.rule must be one of {", ".join(RULES)}, got {rule!r}'
            )
        if (rule == 'area') != (area is not None):
            raise ConfigError(
                "LabelFreeThreshold takes area with rule='area' and not otherwise, got "
                f'rule={rule!r}, area={area!r}'
            )
        if area is not None:
            area = check_number(area, 'LabelFreeThreshold.area', 0, 1, above=True, below=True)
        self.rule = rule
        self.area = area

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the threshold of the scores of all images."""
        counts = curve.score_counts().cpu().double()
        total = float(counts.sum())
        if not total:
            raise ConfigError(
                'threshold: LabelFreeThreshold needs scores, but no image of this split has a '
                'class. Check the split and the image labels, or use FixedThreshold.'
            )
        if self.rule == 'otsu':
            what = "Otsu's cut through"
            index = otsu_cut(counts, _centres(curve.thresholds))
        else:
            what = f'an area of {self.area:g} among'
            foreground = 1 - counts.cumsum(0)[:-1] / total
            index = int((foreground - self.area).abs().argmin())
        chosen_on = f'no masks: {what} the scores of {curve.num_scored()} images'
        return ThresholdChoice(float(curve.thresholds[index]), self.protocol, chosen_on, 0)


def _centres(thresholds: torch.Tensor) -> torch.Tensor:
    """Return the middles of the bins that thresholds cut [0, 1] into, ``(T+1,)``."""
    edges = torch.cat([thresholds.new_zeros(1), thresholds, thresholds.new_ones(1)])
    return (edges[1:] + edges[:-1]) / 2
