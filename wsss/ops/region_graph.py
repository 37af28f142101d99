# SPDX-License-Identifier: Apache-2.0
"""Which regions of an image touch each other, and how alike they are."""

from __future__ import annotations

import torch
from torch import Tensor


def touching_regions(ids: Tensor) -> Tensor:
    """Return int64 ``(2, E)``: each pair of regions that share a side of a pixel, once, sorted.

    Args:
        ids: Region map ``(H, W)``, 0..S-1.

    Example:
        >>> touching_regions(torch.tensor([[0, 0, 1], [2, 2, 1]]))
        tensor([[0, 0, 1],
                [1, 2, 2]])
    """
    ids = ids.long()
    sides = [torch.stack([ids[:, 1:], ids[:, :-1]]), torch.stack([ids[1:], ids[:-1]])]
    pairs = torch.cat([side.flatten(1) for side in sides], dim=1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return torch.stack([pairs.amin(0), pairs.amax(0)]).unique(dim=1)


def region_affinity(features: Tensor, pairs: Tensor, softness: float) -> Tensor:
    """Return the affinities ``exp(-|f_i - f_j| / softness)`` of pairs, and 1 of a region to itself.

    Args:
        features: float ``(C, S)``, one column for each region.
        pairs: int64 ``(2, E)``, each pair once.
        softness: In units of the features.

    Returns:
        Symmetric sparse ``(S, S)``.
    """
    count = features.shape[1]
    first, second = pairs
    distance = torch.linalg.vector_norm(features[:, first] - features[:, second], dim=0)
    weights = torch.exp(-distance / softness)
    own = torch.arange(count, device=pairs.device)
    index = torch.cat([pairs, pairs.flip(0), own.expand(2, -1)], dim=1)
    values = torch.cat([weights, weights, weights.new_ones(count)])
    return torch.sparse_coo_tensor(index, values, (count, count), check_invariants=False).coalesce()
