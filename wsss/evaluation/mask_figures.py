# SPDX-License-Identifier: Apache-2.0
"""From the counts of a split to figures with names."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..ops.confusion import accuracy, dice, iou, over_activation, under_activation

_KINDS = {'IoU': iou, 'Dice': dice, 'Over': over_activation, 'Under': under_activation}


def mask_figures(counts: Tensor, names: Sequence[str]) -> dict[str, float]:
    """Turn the counts of a split into figures.

    Args:
        counts: int64 ``(L+1, L+1)`` of :func:`wsss.ops.confusion.joint_counts`.
        names: The L label names.

    Returns:
        Percent; labels that do not occur have no entry. Empty if no valid pixel is labelled.

    Example:
        >>> counts = torch.tensor([[2, 0, 0], [1, 1, 0], [0, 0, 0]])
        >>> mask_figures(counts, ['background', 'cat'])['aAcc']
        75.0
    """
    confusion = counts[:-1, :-1]
    valid = int(counts[:-1].sum())
    figures = {'coverage': 100 * int(confusion.sum()) / valid} if valid else {}
    if not int(confusion.sum()):
        return figures
    values = {kind: 100 * of(confusion) for kind, of in _KINDS.items()}
    means = {f'm{kind}': float(each.nanmean()) for kind, each in values.items()}
    figures = {
        'mIoU': means.pop('mIoU'),
        'mDice': means.pop('mDice'),
        'aAcc': 100 * float(accuracy(confusion)),
        **means,
        **figures,
    }
    for kind, each in values.items():
        for name, value in zip(names, each.tolist()):
            if value == value:
                figures[f'{kind}/{name}'] = value
    return figures
