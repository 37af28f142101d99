# SPDX-License-Identifier: Apache-2.0
"""Time the operators of superpixels against nine shifted maps, and measure the memory of both.

The usual way pools by one of nine offsets after the other: features times shares, averaged over the
cells, shifted by a cell, added up; the way back enlarges the shifted grid and multiplies. It finds
affinities of superpixels by giving them 25 colours that no two of a 5 x 5 window share, and pooling
what was unpooled. A step of a walk unfolds the 25 neighbours. Peaks are resident memory beside the
inputs, in a process of its own that gives freed memory back; on an accelerator, of its allocator.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row

from wsss.ops.association import (
    associate,
    superpixel_affinity,
    superpixel_pool,
    superpixel_unpool,
    walk_superpixels,
)

CLASSES, STEPS = 21, 20
Ways = dict[str, tuple[Callable, Callable]]


def usual_pool(features: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return means of superpixels, one of nine offsets after the other."""
    height, width = (side // cell for side in q.shape[2:])
    sums = features.new_zeros(len(q), features.shape[1] + 1, height + 2, width + 2)
    features = F.pad(features, (0, 0, 0, 0, 0, 1), value=1.0)  # ones count the pixels
    for k in range(9):
        y, x = divmod(k, 3)
        sums[:, :, y : y + height, x : x + width] += F.avg_pool2d(features * q[:, k, None], cell)
    sums = sums[:, :, 1:-1, 1:-1]
    return sums[:, :-1] / (sums[:, -1:] + 1e-8)


def usual_unpool(values: Tensor, q: Tensor, cell: int) -> Tensor:
    """Return what pixels have of superpixels, one of nine offsets after the other."""
    height, width = values.shape[2:]
    around, total = F.pad(values, (1, 1, 1, 1)), torch.zeros_like(q[:, :1])
    for k in range(9):
        y, x = divmod(k, 3)
        shifted = around[:, :, y : y + height, x : x + width]
        total = total + F.interpolate(shifted, scale_factor=cell) * q[:, k, None]
    return total


def usual_affinity(q: Tensor, cell: int) -> Tensor:
    """Return affinities ``(N, 25, h, w)`` by colours that repeat every five cells."""
    height, width = (side // cell for side in q.shape[2:])
    y = torch.arange(height, device=q.device)[:, None]
    x = torch.arange(width, device=q.device)
    near = torch.arange(-2, 3, device=q.device)
    colours = F.one_hot(5 * (y % 5) + x % 5, 25).permute(2, 0, 1).to(q)
    colours = colours.expand(len(q), -1, -1, -1)
    found = usual_pool(usual_unpool(colours, q, cell), q, cell)
    rows = (y + near.repeat_interleave(5)[:, None, None]) % 5
    columns = (x + near.repeat(5)[:, None, None]) % 5
    return found.gather(1, (5 * rows + columns).expand(len(q), -1, -1, -1))


def usual_walk(affinity: Tensor, scores: Tensor, steps: int) -> Tensor:
    """Return scores after steps that unfold the 25 neighbours."""
    for _ in range(steps):
        near = F.unfold(scores, 5, padding=2).unflatten(1, (-1, 25)).unflatten(3, scores.shape[2:])
        scores = (near * affinity[:, None]).sum(2)
    return scores


def make_ways(args: argparse.Namespace, device: str) -> Ways:
    """Return the usual way and ours of each operator."""
    random = torch.Generator().manual_seed(0)
    size, cell = (args.size, args.size), args.cell
    features = torch.randn(1, args.channels, *size, generator=random).to(device)
    q = associate(2 * torch.randn(1, 9, *size, generator=random).to(device), cell)
    grad = torch.randn(1, args.channels, *size, generator=random).to(device)
    grid = [side // cell for side in size]
    values = torch.randn(1, args.channels, *grid, generator=random).to(device)
    scores = torch.rand(1, CLASSES, *grid, generator=random).to(device)
    affinity = superpixel_affinity(q, cell)

    def gradients(pool: Callable, unpool: Callable) -> Tensor:
        inputs = (features.detach().requires_grad_(), q.detach().requires_grad_())
        found = unpool(pool(*inputs, cell), inputs[1], cell)
        return torch.cat(torch.autograd.grad(found, inputs, grad), dim=1)

    return {
        'pool': (
            lambda: usual_pool(features, q, cell),
            lambda: superpixel_pool(features, q, cell),
        ),
        'unpool': (
            lambda: usual_unpool(values, q, cell),
            lambda: superpixel_unpool(values, q, cell),
        ),
        'affinity': (lambda: usual_affinity(q, cell), lambda: superpixel_affinity(q, cell)),
        'gradients': (
            lambda: gradients(usual_pool, usual_unpool),
            lambda: gradients(superpixel_pool, superpixel_unpool),
        ),
        'walk': (
            lambda: usual_walk(affinity, scores, STEPS),
            lambda: walk_superpixels(affinity, scores, STEPS),
        ),
    }


def peak(function: Callable, device: str) -> float:
    """Return how many MiB a call takes at its peak."""
    function()  # libraries load what they need
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    Path('/proc/self/clear_refs').write_text('5')  # the peak begins anew
    before = resident('VmRSS')
    function()
    return resident('VmHWM') - before


def resident(field: str) -> float:
    """Return a size of this process in MiB."""
    lines = Path('/proc/self/status').read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f'{field}:'))
    return int(line.split()[1]) / 1024


def peaks_apart() -> list[list[float]]:
    """Return the peaks of all ways in a process whose large pieces of memory are all its own."""
    command = [sys.executable, '-W', 'ignore', *sys.argv, '--peaks']
    env = {**os.environ, 'MALLOC_MMAP_THRESHOLD_': str(1 << 16)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--size', type=int, default=512, help='side of the image in pixels')
    parser.add_argument('--cell', type=int, default=16, help='side of a cell in pixels')
    parser.add_argument('--channels', type=int, default=64, help='of the features')
    parser.add_argument('--device', default='cpu', help="'cuda' means the CPU without a GPU")
    parser.add_argument('--peaks', action='store_true', help='for its own process')
    args = parser.parse_args()
    conditions = prepare(args)
    device = args.device if torch.cuda.is_available() else 'cpu'
    ways = make_ways(args, device)
    if args.peaks or device == 'cuda':
        peaks = [[peak(way, device) for way in pair] for pair in ways.values()]
        if args.peaks:
            print(json.dumps(peaks))
            return
    else:
        peaks = peaks_apart()
    rows, figures = [], {}
    for (name, pair), memory in zip(ways.items(), peaks):
        times = interleaved({f'{name}: usual': pair[0], f'{name}: ours': pair[1]}, args.rounds)
        usual, ours = medians(times).values()
        figures[f'ratio_{name}'] = usual / ours
        figures[f'memory_ratio_{name}'] = memory[0] / max(memory[1], 1.0)
        figures[f'max_abs_diff_{name}'] = float((pair[0]() - pair[1]()).abs().max())
        for (way, values), mib in zip(times.items(), memory):
            rows.append([*time_row(way, values), f'{mib:.1f} MiB'])
    asked = dict(size=args.size, cell=args.cell, channels=args.channels, device=device)
    report('superpixel', rows, figures, {**conditions, **asked}, args.json)


if __name__ == '__main__':
    main()
