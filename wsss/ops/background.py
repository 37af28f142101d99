# SPDX-License-Identifier: Apache-2.0
"""Score maps with a background among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..structures import ScoreMaps
from .background_power import background_power
from .best_class import best_class


def with_constant_background(maps: ScoreMaps, score: float) -> ScoreMaps:
    """Return the maps at the size of the image, with the same background score everywhere."""
    resized = maps.resized()
    background = torch.full(maps.size, score, device=resized.scores.device)
    return replace(resized, background=background)


def with_power_background(maps: ScoreMaps, alpha: float) -> ScoreMaps:
    """Return the maps at the size of the image, with the background ``(1 - max_k M_k)^alpha``.

    An image without classes is background with score 1.
    """
    resized = maps.resized()
    if len(resized.scores) == 0:
        return with_constant_background(maps, 1.0)
    return replace(resized, background=background_power(resized.scores.amax(0), alpha))


def best_plane(planes: Tensor) -> tuple[Tensor, Tensor]:
    """Return which plane is the largest and its value; a class wins over an equal background.

    Args:
        planes: float ``(1 + K', ...)``, background first.

    Returns:
        index: int64 ``(...)``, 0 for background; of equal classes the first.
        score: float ``(...)``.
    """
    score, index = planes[1:].max(dim=0)
    return (index + 1).masked_fill_(score < planes[0], 0), torch.maximum(score, planes[0])


def best_label(maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
    """Return the argmax over background and classes as uint8 ``(H, W)``.

    A class wins over a background of the same score, as it does at a threshold.

    Raises:
        ValueError: If the maps have no background, or for a class id without a label.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.2, 0.6]]]), size=(1, 2))
        >>> best_label(with_constant_background(maps, 0.3), (1,))
        tensor([[0, 1]], dtype=torch.uint8)
    """
    if maps.background is None:
        raise ValueError('score maps need a background to be compared with, they have none')
    resized = maps.resized()
    label, score = best_class(resized, class_to_label)
    return label.masked_fill(score < resized.background, 0)
