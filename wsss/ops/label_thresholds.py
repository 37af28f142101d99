# SPDX-License-Identifier: Apache-2.0
"""A threshold for each label from the histogram that holds every single threshold.

Where the best class of a pixel is chosen by its score and its own threshold decides between it and
the background, a threshold moves only pixels of its own label. So the IoU of a label depends on
its own threshold alone, and the labels meet in one place only: the IoU of the background. The
histogram of one pass over the pixels therefore holds the confusion matrix of every combination of
thresholds.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MAX_SWEEPS = 50


def confusion_with(histogram: Tensor, indices: Tensor) -> Tensor:
    """Return the confusion matrix with a threshold for each label.

    Args:
        histogram: int64 ``(L, L, T+1)`` of :func:`wsss.ops.threshold_curve.score_histogram`.
        indices: Integer ``(L-1,)``, for the labels 1..L-1 the index of a threshold, 0..T-1.

    Returns:
        int64 ``(L, L)``, rows truth, columns prediction.
    """
    side = len(histogram)
    chosen = torch.cat([indices.new_zeros(1), indices])[None, :, None].expand(side, side, 1)
    below = histogram.cumsum(-1).gather(2, chosen)[..., 0]
    below[:, 0] = 0
    confusion = histogram.sum(-1) - below
    confusion[:, 0] += below.sum(1)
    return confusion


def best_label_thresholds(histogram: Tensor, start: int, frozen: Tensor | None = None) -> Tensor:
    """Return the thresholds of the labels that give the best mIoU, found label by label.

    Starts from the same threshold for all and improves one label after the other, with all
    thresholds of a label tried at once, until nothing changes. Each step leaves the mIoU equal or
    better, so the result is never worse than the start.

    Args:
        histogram: int64 ``(L, L, T+1)``.
        start: Index of the threshold to start from.
        frozen: bool ``(L,)``, labels that keep the start; None for none.

    Returns:
        int64 ``(L-1,)``, indices of thresholds; of equal ones the lowest.
    """
    side = len(histogram)
    counts = histogram.double()
    below = counts.cumsum(-1)[..., :-1]
    total, truth = counts.sum(-1), counts.sum((1, 2))
    above = total[..., None] - below
    hits = above.diagonal(dim1=0, dim2=1).T
    own = _ratio(hits, truth[:, None] + above.sum(0) - hits)
    chosen = torch.full((side,), start, dtype=torch.int64)
    background = total[:, 0] + below[:, 1:, start].sum(1)
    labels = [i for i in range(1, side) if frozen is None or not bool(frozen[i])]
    for _ in range(_MAX_SWEEPS):
        before = chosen.clone()
        for label in labels:
            others = background - below[:, label, chosen[label]]
            tried = others[:, None] + below[:, label]
            shared = _ratio(tried[0], truth[0] + tried.sum(0) - tried[0])
            gain = own[label] + shared
            best = int(gain.argmax())
            if gain[best] > gain[chosen[label]] or best < int(chosen[label]):
                chosen[label] = best
            background = others + below[:, label, chosen[label]]
        if torch.equal(before, chosen):
            break
    return chosen[1:]


def _ratio(hits: Tensor, union: Tensor) -> Tensor:
    return torch.where(union > 0, hits / union.clamp(min=1), 0.0)
