# SPDX-License-Identifier: Apache-2.0
"""Which regions of an image touch each other, and how alike they are."""

from __future__ import annotations

import torch
from torch import Tensor

from .region_vote import region_sizes


def touching_regions(ids: Tensor) -> Tensor:
    """Return int64 ``(2, E)``: each pair of regions that share a side of a pixel, once, sorted.

    Args:
        ids: Region map ``(H, W)``, 0..S-1.

    Example:
        >>> touching_regions(torch.tensor([[0, 0, 1], [2, 2, 1]]))
        tensor([[0, 0, 1],
                [1, 2, 2]])
    """
    return shared_sides(ids)[0]


def shared_sides(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pairs of :func:`touching_regions` and how many sides of pixels each shares.

    Args:
        ids: Region map ``(H, W)``, 0..S-1.

    Returns:
        int64 ``(2, E)`` and ``(E,)``.

    Example:
        >>> shared_sides(torch.tensor([[0, 0, 1], [2, 2, 1]]))[1]
        tensor([1, 2, 1])
    """
    ids = ids.long()
    sides = [torch.stack([ids[:, 1:], ids[:, :-1]]), torch.stack([ids[1:], ids[:-1]])]
    pairs = torch.cat([side.flatten(1) for side in sides], dim=1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return torch.stack([pairs.amin(0), pairs.amax(0)]).unique(dim=1, return_counts=True)


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
    return _symmetric(pairs, weights, weights.new_ones(count))


def region_walk_matrix(ids: Tensor) -> Tensor:
    """Return the flow of pixels between regions when each goes to one of its four neighbours.

    Pixels whose neighbour is beyond the border of the image stay. Two regions ``s`` and ``t`` that
    share ``b`` sides of pixels swap ``b / 4`` pixels, and each keeps the rest, so that rows sum to
    the sizes ``D`` of regions. This is ``D_s A_st``, symmetric, for what
    :func:`wsss.ops.association.superpixel_affinity` is for shares: rows of ``A`` sum to 1, and
    :func:`wsss.ops.random_walk.random_walk` on it repeats ``P_s <- sum_t A_st P_t``. Regions of
    16 x 16 pixels keep fifteen sixteenths in a step: such walks take more steps.

    Args:
        ids: Region map ``(H, W)``, 0..S-1, each of which occurs.

    Returns:
        Symmetric sparse float32 ``(S, S)``, entries >= 0.

    Example:
        >>> region_walk_matrix(torch.tensor([[0, 0, 1], [2, 2, 1]])).to_dense()
        tensor([[1.2500, 0.2500, 0.5000],
                [0.2500, 1.5000, 0.2500],
                [0.5000, 0.2500, 1.2500]])
    """
    pairs, sides = shared_sides(ids)
    flow, kept = sides.float() / 4, region_sizes(ids).float()
    kept = kept.index_add(0, pairs.flatten(), -flow.repeat(2))
    return _symmetric(pairs, flow, kept)


def _symmetric(pairs: Tensor, weights: Tensor, diagonal: Tensor) -> Tensor:
    """Return the sparse matrix with these weights of pairs, in both directions."""
    count = len(diagonal)
    own = torch.arange(count, device=pairs.device)
    index = torch.cat([pairs, pairs.flip(0), own.expand(2, -1)], dim=1)
    values = torch.cat([weights, weights, diagonal])
    return torch.sparse_coo_tensor(index, values, (count, count), check_invariants=False).coalesce()
