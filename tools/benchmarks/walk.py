# SPDX-License-Identifier: Apache-2.0
"""Time pair affinities and the random walk against the dense form.

The cells of a 500 x 375 image at stride 8, features of 448 channels, radius 5, beta 8, 256 steps,
scores of 21 labels. The usual way selects both ends of all pairs by index, writes the dense matrix
and squares it eight times. Both walk along the same pairs. Results are compared with the dense form
in float64, as eight squarings in float32 are themselves less exact than the walk.
"""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row

from wsss.ops.pairs import pair_distances, pair_offsets
from wsss.ops.random_walk import grid_matrix, random_walk

STRIDE, RADIUS, BETA, STEPS, LABELS, CHANNELS = 8, 5, 8, 256, 21, 448
MEMORY = """
import sys
import torch
sys.path.insert(0, {here!r})
from walk import make_features, make_scores, ours
torch.set_num_threads(1)
size = ({side}, {side})
ours(make_features((16, 16)), make_scores((16, 16)))
features, scores = make_features(size), make_scores(size)

def used(what):
    text = open('/proc/self/status').read()
    return int(text.partition(what)[2].split()[0]) / 1024

open('/proc/self/clear_refs', 'w').write('5')
before = used('VmRSS:')
ours(features, scores)
print(used('VmHWM:') - before)
"""


def make_features(size: tuple[int, int]) -> Tensor:
    """Return features that are alike in regions, ``(1, 448, h, w)``."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, CHANNELS, 7, 9, generator=generator)
    features = F.interpolate(coarse, size, mode='nearest')
    return 3 * features + 0.1 * torch.rand(features.shape, generator=generator)


def make_scores(size: tuple[int, int]) -> Tensor:
    """Return scores of background and classes, ``(21, h w)``."""
    generator = torch.Generator().manual_seed(1)
    scores = torch.rand(1, LABELS, 6, 8, generator=generator)
    return F.interpolate(scores, size, mode='bilinear')[0].flatten(1)


def dense_matrix(features: Tensor) -> Tensor:
    """Return the affinities ``(N, N)`` of the published form, of all pairs inside the grid."""
    height, width = features.shape[2:]
    flat = features[0].flatten(1)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    ends = []
    for dy, dx in pair_offsets(RADIUS):
        inside = (y + dy < height) & (x + dx >= 0) & (x + dx < width)
        own = (y * width + x)[inside]
        ends.append(torch.stack([own, own + dy * width + dx]))
    own, other = torch.cat(ends, dim=1)
    distances = (flat.index_select(1, own) - flat.index_select(1, other)).abs().mean(0)
    affinity = torch.exp(-distances)
    matrix = torch.eye(height * width)
    matrix[own, other] = affinity
    matrix[other, own] = affinity
    return matrix


def dense_walk(matrix: Tensor, scores: Tensor) -> Tensor:
    """Walk by eight squarings."""
    transition = matrix**BETA
    transition = transition / transition.sum(0, keepdim=True)
    for _ in range(int(math.log2(STEPS))):
        transition = transition @ transition
    return scores @ transition


def sparse_matrix(features: Tensor) -> Tensor:
    """Return our affinities to the power beta."""
    offsets = pair_offsets(RADIUS)
    return grid_matrix((-BETA * pair_distances(features, offsets)).exp(), offsets)


def ours(features: Tensor, scores: Tensor, steps: int = STEPS) -> Tensor:
    """Make affinities and walk."""
    return random_walk(sparse_matrix(features), scores, steps)


def peak(side: int) -> float:
    """Return MiB that affinities and walk need beyond features and scores, in a new process.

    The kernel's mark of the largest resident size is reset in between, which Linux alone can.
    """
    code = MEMORY.format(here=str(Path(__file__).parent), side=side // STRIDE)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--height', type=int, default=375, help='of the image, in pixels')
    parser.add_argument('--width', type=int, default=500, help='of the image, in pixels')
    args = parser.parse_args()
    conditions = prepare(args)
    size = (math.ceil(args.height / STRIDE), math.ceil(args.width / STRIDE))
    features, scores = make_features(size), make_scores(size)
    dense, sparse = dense_matrix(features), sparse_matrix(features)
    ways = {
        'dense: affinities': lambda: dense_matrix(features),
        'dense: walk': lambda: dense_walk(dense, scores),
        'ours: affinities': lambda: sparse_matrix(features),
        'ours: walk': lambda: random_walk(sparse, scores, STEPS),
        'ours: walk, 2,048 steps': lambda: random_walk(sparse, scores, 2048),
        'of it: 85 products': lambda: [sparse @ scores.T for _ in range(85)],
    }
    times = interleaved(ways, args.rounds)
    middle = medians(times)
    rows = [time_row(name, values) for name, values in times.items()]
    theirs = middle['dense: affinities'] + middle['dense: walk']
    truth = dense_walk(dense.double(), scores.double())
    figures = dict(
        ratio=theirs / (middle['ours: affinities'] + middle['ours: walk']),
        ratio_walk=middle['dense: walk'] / middle['ours: walk'],
        ratio_affinities=middle['dense: affinities'] / middle['ours: affinities'],
        cost_of_2048_steps=middle['ours: walk, 2,048 steps'] / middle['ours: walk'],
        max_abs_diff=float((truth - ours(features, scores)).abs().max()),
        error_of_dense_float32=float((truth - dense_walk(dense, scores)).abs().max()),
        max_abs_diff_affinities=float((dense**BETA - sparse.to_dense()).abs().max()),
        peak_mib_1024=peak(1024),
    )
    report('walk', rows, figures, {**conditions, 'cells': size[0] * size[1]}, args.json)


if __name__ == '__main__':
    main()
