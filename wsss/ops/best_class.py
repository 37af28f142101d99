# SPDX-License-Identifier: Apache-2.0
"""The strongest foreground class of every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..structures import ScoreMaps


def labels_of_keys(keys: Tensor, class_to_label: Sequence[int]) -> Tensor:
    """Return the label ids, uint8 ``(K',)`` on the CPU, of the class ids ``keys``.

    Args:
        keys: Integer ``(K',)``, 0-based class ids.
        class_to_label: The label id of every image-level class.

    Raises:
        ValueError: For a class id without a label.
    """
    keys = keys.to('cpu', torch.long)
    if len(keys) and not 0 <= int(keys.min()) <= int(keys.max()) < len(class_to_label):
        raise ValueError(
            f'score maps are of the classes {keys.tolist()}, the data set has the classes '
            f'0..{len(class_to_label) - 1}. Score maps and data set do not belong together.'
        )
    return torch.as_tensor(class_to_label, dtype=torch.uint8)[keys]


def best_class(maps: ScoreMaps, class_to_label: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Reduce score maps to the best label of every pixel and its score, at the image's size.

    The maps are interpolated (bilinear) before the maximum is taken. Classes that share a label
    take part one by one, which is the same as merging their maps by the maximum. Of equal scores
    the lower class id wins. ``maps.background`` is not looked at.

    Args:
        maps: The present classes; there may be none.
        class_to_label: The label id (1..K) of every image-level class.

    Returns:
        label: uint8 ``(H, W)``, the label of the best class; 0 where there is no class at all.
        score: float32 ``(H, W)``, its score; 0 where there is no class.

    Raises:
        ValueError: For a class id without a label.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0, 1]), torch.tensor([[[0.2]], [[0.7]]]), size=(1, 1))
        >>> best_class(maps, (1, 2))
        (tensor([[2]], dtype=torch.uint8), tensor([[0.7000]]))
    """
    labels = labels_of_keys(maps.keys, class_to_label).to(maps.scores.device)
    if len(labels) == 0:
        score = maps.scores.new_zeros(maps.size, dtype=torch.float32)
        return score.to(torch.uint8), score
    scores = maps.resized().scores
    if len(labels) == 1:
        return labels.expand(maps.size[0] * maps.size[1]).reshape(maps.size), scores[0]
    score, index = scores.max(dim=0)
    return torch.take(labels, index), score
