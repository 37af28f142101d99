# SPDX-License-Identifier: Apache-2.0
"""IoU image by image over the background threshold."""

from __future__ import annotations

from collections.abc import Sequence

import mmengine.dist as dist
import torch
from torch import Tensor

from ..ops.confusion import iou
from ..ops.threshold_curve import confusions_at, count_codes
from .mask_protocol import PRESETS
from .protocol_sums import squash

PARTS = ('held_out', 'rest')


class ImageCurve:
    """Means over images of the IoU of each label, at all thresholds from one pass.

    Counted as in the preset M4: truth and labels squashed to 224 x 224 (nearest), a label that
    occurs in neither of an image left out of its mean. The truth is taken as it is given, with 255
    where a band is not to count.

    Args:
        thresholds: Strictly increasing.
        num_labels: L = K+1.

    Example:
        >>> curve = ImageCurve([0.2, 0.5], num_labels=2)
        >>> truth, label = torch.tensor([[0, 1]]), torch.tensor([[1, 1]])
        >>> codes = pixel_codes(truth, label, torch.tensor([[0.3, 0.9]]), curve.thresholds, 2)
        >>> curve.update_codes(codes)
        >>> curve.iou('rest').tolist()
        [[0.0, 50.0], [100.0, 100.0]]
    """

    def __init__(self, thresholds: Sequence[float], num_labels: int):
        self.thresholds = torch.as_tensor(list(thresholds), dtype=torch.float64)
        self.num_labels = num_labels
        # of the held-out images and the rest: sums of the IoU, images that have one
        shape = (len(PARTS), 2, len(self.thresholds), num_labels)
        self._sums = torch.zeros(shape, dtype=torch.float64)

    def update_codes(self, codes: Tensor, held_out: bool = False) -> None:
        """Add one image; arguments as in :meth:`wsss.evaluation.ThresholdCurve.update_codes`."""
        squashed = squash(codes, PRESETS['M4'].size)
        counts = count_codes(squashed, len(self.thresholds), self.num_labels)[:-1]
        ious = iou(confusions_at(counts)).cpu()
        known = ~ious.isnan()
        part = PARTS.index('held_out' if held_out else 'rest')
        self._sums[part] += torch.stack([ious.nan_to_num(), known.double()])

    def reduce(self) -> None:
        """Sum over all ranks; call it once, on every rank, after the last update."""
        dist.all_reduce(self._sums)

    def iou(self, part: str) -> Tensor:
        """Return the mean IoU over the images of a part in percent, float64 ``(T, L)``.

        NaN for a label that occurs in none.
        """
        ious, images = self._sums[PARTS.index(part)]
        return 100 * ious / images
