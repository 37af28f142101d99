# SPDX-License-Identifier: Apache-2.0
"""The thresholds that held-out images choose, one for each label."""

from __future__ import annotations

from collections.abc import Sequence

from ...checks import check_integer
from ...evaluation.threshold_curve import ThresholdCurve
from ...ops.label_thresholds import best_label_thresholds
from ...registry import THRESHOLDS
from .base import ThresholdChoice
from .held_out_threshold import HeldOutThreshold


@THRESHOLDS.register_module()
class PerClassThresholds(HeldOutThreshold):
    """The best mIoU on the images with ``held_out=True`` over all combinations of thresholds.

    For the labeler ``PerClassThreshold``. It starts from the best single threshold and improves
    label by label, so on the held-out images it is never worse; on the others it is better only if
    the held-out images are enough to tell. A label with few of them keeps the single threshold.
    One pass over the pixels serves all combinations, see :mod:`wsss.ops.label_thresholds`; what is
    measured there is the labeler's ``compare='score'``.

    Args:
        min_images: Labels that fewer held-out images have keep the single threshold.
        thresholds: What is tried, default 0.00, 0.01, ... 1.00; of equal ones the lowest wins.

    Raises:
        ConfigError: If ``min_images`` is below 1.

    Example:
        >>> PerClassThresholds(min_images=5).protocol
        'per_class'
    """

    protocol = 'per_class'

    def __init__(self, min_images: int = 3, thresholds: Sequence[float] | None = None):
        super().__init__(thresholds)
        self.min_images = check_integer(min_images, 'PerClassThresholds.min_images', 1)

    def choose(self, curve: ThresholdCurve) -> ThresholdChoice:
        """Return the best thresholds of the held-out images."""
        single = super().choose(curve)
        frozen = curve.images_by_label('held_out') < self.min_images
        start = curve.thresholds.tolist().index(single.value)
        indices = best_label_thresholds(curve.histogram('held_out').cpu(), start, frozen)
        values = tuple(curve.thresholds[indices].tolist())
        count = int((~frozen[1:]).sum())
        chosen_on = (
            f'the held-out images, {count} of {len(values)} labels by themselves, the others at '
            f'{single.value:g}'
        )
        return ThresholdChoice(None, self.protocol, chosen_on, single.num_images, values)
