# SPDX-License-Identifier: Apache-2.0
"""Time the vote of superpixels against a loop over the regions.

Photographs (or generated pictures) of 256 x 256 pixels, SLIC with 200 regions, 37 classes. ``loop``
is the usual way: for each region a mask, the mean of its scores and, for labels, the best class.
SLIC itself and its region map from the disk stand beside them. Pictures come one after the other,
and no result is kept, as in a stage.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row
from pictures import load_pictures

from wsss.ops.region_vote import elect, region_means, spread
from wsss.superpixels import SLIC, CachedSuperpixels

SIDE, CLASSES, REGIONS = 256, 37, 200


def loop_means(planes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the mean over the region at each pixel, region by region."""
    found = np.empty_like(planes)
    for region in np.unique(ids):
        mask = ids == region
        found[:, mask] = planes[:, mask].mean(axis=1, keepdims=True)
    return found


def loop_labels(planes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the best plane of the region at each pixel, region by region."""
    found = np.empty(ids.shape, np.int64)
    for region in np.unique(ids):
        mask = ids == region
        found[mask] = planes[:, mask].mean(axis=1).argmax()
    return found


def our_means(planes: Tensor, ids: Tensor) -> Tensor:
    """Return the mean over the region at each pixel."""
    return spread(region_means(planes, ids), ids)


def our_labels(planes: Tensor, ids: Tensor) -> Tensor:
    """Return the best plane of the region at each pixel."""
    return elect(region_means(planes, ids)).argmax(dim=0)[ids.long()]


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=5)
    parser.add_argument('--images', help='folder with JPEG photographs; default: generated ones')
    parser.add_argument('--count', type=int, default=5, help='number of pictures')
    args = parser.parse_args()
    conditions = prepare(args)
    cv2.setNumThreads(args.threads)
    pictures = load_pictures(args.images, args.count, 2 * SIDE)
    pictures = [cv2.resize(own, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for own in pictures]
    source = SLIC(num_segments=REGIONS)
    maps = [source(own) for own in pictures]
    found = float(np.mean([own.max() + 1 for own in maps]))
    conditions.update(images=args.images or 'generated', count=args.count, regions=found)
    generator = torch.Generator().manual_seed(0)
    planes = [torch.rand(CLASSES, SIDE, SIDE, generator=generator) for _ in pictures]

    jobs = [(own, own.numpy(), torch.from_numpy(ids), ids) for own, ids in zip(planes, maps)]
    means = [(loop_means(p, i), our_means(t, ti)) for t, p, ti, i in jobs]
    labels = [(loop_labels(p, i), our_labels(t, ti)) for t, p, ti, i in jobs]
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedSuperpixels(source, folder)
        named = [(own, str(i)) for i, own in enumerate(pictures)]
        same = [(cached(*own), cached(*own), source(*own)) for own in named]
        ways = {
            'means: loop': partial(each, loop_means, [(p, i) for _, p, _, i in jobs]),
            'means: ours': partial(each, our_means, [(t, i) for t, _, i, _ in jobs]),
            'labels: loop': partial(each, loop_labels, [(p, i) for _, p, _, i in jobs]),
            'labels: ours': partial(each, our_labels, [(t, i) for t, _, i, _ in jobs]),
            'SLIC': partial(each, source, named),
            'SLIC from the disk': partial(each, cached, named),
        }
        times = interleaved(ways, args.rounds)
    middle = medians(times)
    figures = {
        'ratio_means': middle['means: loop'] / middle['means: ours'],
        'ratio_labels': middle['labels: loop'] / middle['labels: ours'],
        'ratio_slic_from_disk': middle['SLIC'] / middle['SLIC from the disk'],
        'max_abs_diff_means': difference(means),
        'max_abs_diff_labels': difference(labels),
        'max_abs_diff_regions': float(max(np.ptp(own, axis=0).max() for own in same)),
    }
    rows = [['way', 'median', 'range', 'per image']]
    rows += [time_row(name, taken, len(pictures)) for name, taken in times.items()]
    report('vote', rows, figures, conditions, args.json)


def each(function: Callable, inputs: list[tuple]) -> None:
    """Call a function on one picture after the other."""
    for own in inputs:
        function(*own)


def difference(pairs: list[tuple[np.ndarray, Tensor]]) -> float:
    """Return the largest difference between the loop and ours."""
    return max(float(np.abs(usual - ours.numpy()).max()) for usual, ours in pairs)


if __name__ == '__main__':
    main()
