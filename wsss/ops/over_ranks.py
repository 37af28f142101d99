# SPDX-License-Identifier: Apache-2.0
"""Sums and concatenations over all processes that gradients go through."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from torch import Tensor


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        total = values.clone()
        all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        # what any process makes of the sum depends on the values of each
        total = gradient.contiguous().clone()
        all_reduce(total)
        return total


def sum_over_ranks(values: Tensor) -> Tensor:
    """Return the sum of the tensors of all processes, on each of them.

    The gradient is the sum of those of all processes. A loss that every process computes of such
    sums counts once after the gradients are averaged, as data-parallel training does.

    Args:
        values: Of the same shape in all processes.
    """
    return values if get_world_size() == 1 else _Sum.apply(values)


def gather_over_ranks(values: Tensor) -> Tensor:
    """Return the tensors of all processes one after another, in the order of the ranks.

    Args:
        values: ``(n, ...)``, of the same shape in all processes.

    Returns:
        ``(world size * n, ...)``; gradients as in :func:`sum_over_ranks`.
    """
    world, rank = get_world_size(), get_rank()
    if world == 1:
        return values
    rows = len(values)
    before = values.new_zeros(rank * rows, *values.shape[1:])
    after = values.new_zeros((world - 1 - rank) * rows, *values.shape[1:])
    return sum_over_ranks(torch.cat([before, values, after]))
