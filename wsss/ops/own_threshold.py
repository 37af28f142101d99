# SPDX-License-Identifier: Apache-2.0
"""The best class among those whose own threshold a pixel reaches."""

from __future__ import annotations

import torch
from torch import Tensor


def best_reached(scores: Tensor, thresholds: Tensor, labels: Tensor, ratio: bool = False) -> Tensor:
    """Label every pixel by the best class whose own threshold it reaches.

    Args:
        scores: float ``(K', H, W)``, in [0, 1].
        thresholds: ``(K',)``; a score equal to its threshold reaches it.
        labels: uint8 ``(K',)``, the label of each map, on the device of ``scores``.
        ratio: True compares classes by score divided by threshold, False by score.

    Returns:
        uint8 ``(H, W)``; 0 where no class reaches its threshold, or there is no class.

    Example:
        >>> scores, labels = torch.tensor([[[0.6]], [[0.3]]]), torch.tensor([1, 2])
        >>> best_reached(scores, torch.tensor([0.5, 0.1]), labels, ratio=True)
        tensor([[2]])
    """
    if len(labels) == 0:
        return torch.zeros(scores.shape[1:], dtype=torch.uint8, device=scores.device)
    own = thresholds.to(scores.device, torch.float64)[:, None, None]
    reached = scores.double() >= own
    ranked = scores / own.to(scores).clamp(min=1e-6) if ratio else scores
    best, index = ranked.masked_fill(~reached, -1).max(dim=0)
    return torch.take(labels, index).masked_fill_(best < 0, 0)
