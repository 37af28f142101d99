# SPDX-License-Identifier: Apache-2.0
"""Scores of image-level classes from what a segmentor says of labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_TINY = 1e-12


def class_scores(
    probabilities: Tensor, keys: Sequence[int], class_to_label: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Return the scores of the classes ``keys`` and of background, all other labels impossible.

    What is left is divided by its sum. Classes that share a label get the same scores. Where
    nothing is left, all scores are 0.

    Args:
        probabilities: float ``(L, ...)`` in [0, 1], background first.
        keys: Ids of classes, 0-based; there may be none.
        class_to_label: The label id of every class.

    Returns:
        scores: float ``(K', ...)``.
        background: float ``(...)``.

    Example:
        >>> class_scores(torch.tensor([0.3, 0.1, 0.6]), [0], class_to_label=(1, 2))
        (tensor([0.2500]), tensor(0.7500))
    """
    labels = [class_to_label[key] for key in keys]
    left = probabilities[[0, *sorted(set(labels))]].sum(dim=0)
    shares = probabilities / left.clamp(min=_TINY)
    return shares[labels] if labels else shares[:0], shares[0]


def spokesmen(class_to_label: Sequence[int]) -> list[int]:
    """Return the first class of every label, in increasing order.

    Example:
        >>> spokesmen((1, 1, 2))
        [0, 2]
    """
    first = {label: key for key, label in reversed(list(enumerate(class_to_label)))}
    return sorted(first.values())


def probabilities_of(logits: Tensor) -> Tensor:
    """Return probabilities ``(L, H, W)`` of what mmseg calls ``seg_logits`` of an image.

    One plane is that of foreground, which mmseg has already sent through a sigmoid.
    """
    if len(logits) > 1:
        return logits.softmax(dim=0)
    return torch.cat([1 - logits, logits])
