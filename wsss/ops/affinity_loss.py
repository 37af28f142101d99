# SPDX-License-Identifier: Apache-2.0
"""What affinities are trained with: labels of cells, classes of pairs, a balanced loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .confusion import IGNORE
from .pairs import Offset, paired

EPS = 1e-5


def cell_labels(labels: Tensor, stride: int) -> Tensor:
    """Return the label that most pixels of each cell have, 255 among them.

    Args:
        labels: Integer ``(N, H, W)``: 0 background, 1..K classes, 255 ignore.
        stride: Side of a cell in pixels; cells at the border may be cut.

    Returns:
        int64 ``(N, ceil(H / stride), ceil(W / stride))``; of labels with as many pixels the
        smallest.

    Example:
        >>> cell_labels(torch.tensor([[[1, 1, 0], [1, 0, 0]]]), 2)
        tensor([[[1, 0]]])
    """
    present = labels.unique()
    shares = [
        F.avg_pool2d((labels == one).float()[:, None], stride, ceil_mode=True) for one in present
    ]
    return present[torch.cat(shares, dim=1).argmax(dim=1)].long()


def affinity_loss(
    distances: Tensor, labels: Tensor, offsets: Sequence[Offset]
) -> dict[str, Tensor]:
    """Return the balanced loss of affinities ``a = exp(-d)``.

    ``1/4 mean_bg(d) + 1/4 mean_fg(d) + 1/2 mean_different(-log(1 - a))`` over the pairs of two
    background cells, of two cells of one class, and of two different labels (Ahn and Kwak, CVPR
    2018, eq. 5-7, whose weights are four times these). Pairs with an ignored cell do not count.

    Args:
        distances: float ``(N, P, h, w)``, at least 0, of pairs that begin in each cell.
        labels: int64 ``(N, h, w)`` of the cells.
        offsets: Of the pairs.

    Returns:
        ``loss_background``, ``loss_foreground`` and ``loss_different``, weighted; their sum is the
        loss.
    """
    same, different = pair_kinds(labels, offsets)
    background = same & (labels == 0)[:, None]
    repulsion = -torch.log((1 + EPS) - (-distances).exp())
    return {
        'loss_background': _mean(distances, background) / 4,
        'loss_foreground': _mean(distances, same & ~background) / 4,
        'loss_different': _mean(repulsion, different) / 2,
    }


def pair_kinds(labels: Tensor, offsets: Sequence[Offset]) -> tuple[Tensor, Tensor]:
    """Return bool ``(N, P, h, w)`` twice: pairs of one label, and of two.

    Pairs with an ignored cell, and those that leave the grid, are neither.

    Args:
        labels: int64 ``(N, h, w)``.
        offsets: Of the pairs.
    """
    own = labels[:, None].expand(-1, len(offsets), -1, -1)
    other = torch.full_like(own, IGNORE)
    for k, offset in enumerate(offsets):
        paired(other[:, k], offset)[0].copy_(paired(labels, offset)[1])
    valid = (own != IGNORE) & (other != IGNORE)
    return valid & (own == other), valid & (own != other)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen, 0 where there are none."""
    return (values * chosen).sum() / (chosen.sum() + EPS)
