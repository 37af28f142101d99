# SPDX-License-Identifier: Apache-2.0
"""Time the loss of AffinityNet, gradient included, against gathers by index.

A batch of feature maps of 56 x 56 cells with 448 channels and labels of cells. The usual way
selects both ends of all pairs by index; both sum over the same pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row

from wsss.ops.affinity_loss import EPS, affinity_loss
from wsss.ops.pairs import pair_distances, pair_offsets

SIDE, CHANNELS, RADIUS = 56, 448, 5


def make_batch(count: int) -> tuple[Tensor, Tensor]:
    """Return features ``(N, 448, 56, 56)`` and labels of cells ``(N, 56, 56)``."""
    generator = torch.Generator().manual_seed(0)
    regions = torch.randint(0, 5, (count, 1, 7, 7), generator=generator).float()
    labels = F.interpolate(regions, (SIDE, SIDE))[:, 0].long()
    features = torch.rand(count, CHANNELS, SIDE, SIDE, generator=generator)
    features += labels[:, None] * torch.rand(1, CHANNELS, 1, 1, generator=generator)
    return features, labels.masked_fill(labels == 4, 255)


def pair_ends() -> tuple[Tensor, Tensor]:
    """Return the numbers of both cells of all pairs inside the grid."""
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing='ij')
    ends = []
    for dy, dx in pair_offsets(RADIUS):
        inside = (y + dy < SIDE) & (x + dx >= 0) & (x + dx < SIDE)
        own = (y * SIDE + x)[inside]
        ends.append(torch.stack([own, own + dy * SIDE + dx]))
    own, other = torch.cat(ends, dim=1)
    return own, other


def usual(features: Tensor, labels: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
    """Return the loss by gathers."""
    flat, marks = features.flatten(2), labels.flatten(1)
    first, second = (flat.index_select(2, end) for end in ends)
    own, other = (marks.index_select(1, end) for end in ends)
    distances = (first - second).abs().mean(1)
    valid = (own != 255) & (other != 255)
    same, background = own == other, own == 0
    apart = -torch.log(1 + EPS - torch.exp(-distances))

    def mean(values: Tensor, chosen: Tensor) -> Tensor:
        return (values * chosen).sum() / (chosen.sum() + EPS)

    return (
        mean(distances, valid & same & background) / 4
        + mean(distances, valid & same & ~background) / 4
        + mean(apart, valid & ~same) / 2
    )


def ours(features: Tensor, labels: Tensor) -> Tensor:
    """Return the loss by shifted views."""
    offsets = pair_offsets(RADIUS)
    return sum(affinity_loss(pair_distances(features, offsets), labels, offsets).values())


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--batch', type=int, default=4, help='feature maps of a batch')
    args = parser.parse_args()
    conditions = prepare(args)
    features, labels = make_batch(args.batch)
    features.requires_grad_()
    ends = pair_ends()

    def gradient(loss: Tensor) -> Tensor:
        return torch.autograd.grad(loss, features)[0]

    ways = {
        'gathers': lambda: usual(features.detach(), labels, ends),
        'ours': lambda: ours(features.detach(), labels),
        'gathers, with gradient': lambda: gradient(usual(features, labels, ends)),
        'ours, with gradient': lambda: gradient(ours(features, labels)),
    }
    times = interleaved(ways, args.rounds)
    middle = medians(times)
    figures = dict(
        ratio=middle['gathers, with gradient'] / middle['ours, with gradient'],
        ratio_loss_alone=middle['gathers'] / middle['ours'],
        max_abs_diff=float((ways['gathers']() - ways['ours']()).abs()),
        max_abs_diff_gradient=float(
            (ways['gathers, with gradient']() - ways['ours, with gradient']()).abs().max()
        ),
    )
    rows = [time_row(name, values, args.batch) for name, values in times.items()]
    report('affinity_train', rows, figures, {**conditions, 'batch': args.batch}, args.json)


if __name__ == '__main__':
    main()
