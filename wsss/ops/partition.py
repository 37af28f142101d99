# SPDX-License-Identifier: Apache-2.0
"""Images parted into superpixels, soft or hard, behind one interface.

Values of superpixels are made by ``pool``, ``walk`` from one superpixel to those beside it, and
come back to pixels by ``unpool``. Where pixels belong to superpixels by shares, see
:mod:`wsss.ops.association`; where each belongs to one region, see :mod:`wsss.ops.region_vote` and
:mod:`wsss.ops.region_graph`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from .association import superpixel_affinity, superpixel_pool, superpixel_unpool, walk_superpixels
from .random_walk import random_walk
from .region_graph import region_walk_matrix
from .region_vote import region_means, region_sizes, spread


class Partition(ABC):
    """Superpixels of a batch of images of one size."""

    @abstractmethod
    def pool(self, features: Tensor) -> Tensor:
        """Return means ``(N, C, ...)`` of features ``(N, C, H, W)`` over each superpixel."""

    @abstractmethod
    def walk(self, values: Tensor, steps: int) -> Tensor:
        """Return values of superpixels after ``steps`` of ``P_s <- sum_t A_st P_t``, same shape."""

    @abstractmethod
    def unpool(self, values: Tensor) -> Tensor:
        """Return what each pixel has of its superpixels, float ``(N, C, H, W)``."""


class SoftPartition(Partition):
    """Pixels that belong to nine superpixels of a grid by shares.

    Differentiable in all arguments.

    Args:
        q: Association ``(N, 9, H, W)`` of :func:`wsss.ops.association.associate`.
        cell: Side of a cell in pixels, that with which ``q`` was made.

    Raises:
        ValueError: In the operators, if sizes do not fit.

    Example:
        >>> from wsss.ops.association import associate
        >>> parts = SoftPartition(associate(torch.zeros(1, 9, 8, 12), 4), 4)
        >>> parts.pool(torch.ones(1, 2, 8, 12)).shape
        torch.Size([1, 2, 2, 3])
    """

    def __init__(self, q: Tensor, cell: int):
        self.q, self.cell = q, cell

    def pool(self, features: Tensor) -> Tensor:
        """Return float ``(N, C, H / cell, W / cell)``."""
        return superpixel_pool(features, self.q, self.cell)

    @cached_property
    def affinity(self) -> Tensor:
        """What superpixels share, float ``(N, 25, H / cell, W / cell)``."""
        return superpixel_affinity(self.q, self.cell)

    def walk(self, values: Tensor, steps: int) -> Tensor:
        """Return values ``(N, C, H / cell, W / cell)`` after a walk on what superpixels share."""
        return walk_superpixels(self.affinity, values, steps)

    def unpool(self, values: Tensor) -> Tensor:
        """Return the shares of each pixel in the values of its superpixels."""
        return superpixel_unpool(values, self.q, self.cell)


class HardPartition(Partition):
    """Pixels that belong to one region each, such as those of SLIC, of any number and shape.

    A step of a walk lets each pixel go to one of its four neighbours, see
    :func:`wsss.ops.region_graph.region_walk_matrix`: it takes hundreds of steps. ``pool`` and
    ``unpool`` are differentiable.

    Args:
        ids: Region maps, integer ``(N, H, W)``, of each image 0..S-1, each of which occurs.

    Raises:
        ValueError: If ``ids`` are not such maps, or, in the operators, of another size.

    Example:
        >>> parts = HardPartition(torch.tensor([[[0, 0, 1], [2, 2, 1]]]))
        >>> parts.pool(torch.tensor([[[[1.0, 3.0, 0.0], [5.0, 5.0, 0.0]]]]))
        tensor([[[2., 0., 5.]]])
    """

    def __init__(self, ids: Tensor):
        if ids.ndim != 3 or ids.is_floating_point() or not ids.numel():
            raise ValueError(
                f'region maps must be integer (N, H, W), got {ids.dtype} {tuple(ids.shape)}'
            )
        if int(ids.min()) < 0:
            raise ValueError(f'ids of regions must be 0..S-1, got {int(ids.min())}')
        sizes = [region_sizes(own) for own in ids]
        if any(int(own.min()) == 0 for own in sizes):
            raise ValueError(
                'ids of regions must be 0..S-1, each of which occurs: use contiguous_ids'
            )
        self.ids = ids
        self.counts = [len(own) for own in sizes]

    def pool(self, features: Tensor) -> Tensor:
        """Return float32 ``(N, C, S)`` of the most regions of an image, 0 where one has fewer."""
        if len(features) != len(self.ids) or features.shape[2:] != self.ids.shape[1:]:
            raise ValueError(
                f'features {tuple(features.shape)} are not those of the region maps '
                f'{tuple(self.ids.shape)}'
            )
        means = [region_means(own, ids) for own, ids in zip(features, self.ids)]
        return self._stacked(means)

    @cached_property
    def matrices(self) -> list[Tensor]:
        """The flow of pixels between the regions of each image, sparse ``(S, S)``."""
        return [region_walk_matrix(own) for own in self.ids]

    def walk(self, values: Tensor, steps: int) -> Tensor:
        """Return values ``(N, C, S)`` after a walk between regions that touch."""
        self._check(values)
        parts = zip(self.matrices, values, self.counts)
        return self._stacked([random_walk(own, v[:, :count], steps) for own, v, count in parts])

    def unpool(self, values: Tensor) -> Tensor:
        """Give every pixel what its region has of ``(N, C, S)``."""
        self._check(values)
        return torch.stack([spread(own, ids) for own, ids in zip(values, self.ids)])

    def _check(self, values: Tensor) -> None:
        if values.ndim != 3 or values.shape[::2] != (len(self.ids), max(self.counts)):
            raise ValueError(
                f'values {tuple(values.shape)} are not those of the {max(self.counts)} regions of '
                f'the region maps {tuple(self.ids.shape)}'
            )

    def _stacked(self, parts: list[Tensor]) -> Tensor:
        most = max(self.counts)
        return torch.stack([F.pad(own, (0, most - own.shape[1])) for own in parts])
