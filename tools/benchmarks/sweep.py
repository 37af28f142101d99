# SPDX-License-Identifier: Apache-2.0
"""Time a sweep over 101 background thresholds against labelling anew for each.

The usual way reads the score maps of an image, resizes them, compares with the threshold, and adds
to a confusion matrix, once for every threshold. Ours reads each image once. The maps are generated:
1 to 3 of 20 classes, stride 4 of 500 x 375 pixels, with a truth that has void borders. Both read
the same files, and all 101 confusion matrices of both are compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, seconds, time_row

from wsss.evaluation import ThresholdCurve
from wsss.ops.best_class import best_class
from wsss.structures import ScoreMaps, ScoreStore

NUM_LABELS = 21
CLASS_TO_LABEL = tuple(range(1, NUM_LABELS))
GRID = [i / 100 for i in range(101)]


def make_images(folder: Path, count: int, size: tuple[int, int]) -> list[tuple[str, torch.Tensor]]:
    """Write score files and return (image id, truth uint8 ``(H, W)``)."""
    generator = torch.Generator().manual_seed(0)
    store = ScoreStore(folder)
    height, width = size
    images = []
    for i in range(count):
        num = int(torch.randint(1, 4, (1,), generator=generator))
        keys = torch.randperm(NUM_LABELS - 1, generator=generator)[:num].sort().values
        coarse = torch.rand(1, num, 8, 6, generator=generator)
        scores = F.interpolate(coarse, (-(-height // 4), -(-width // 4)), mode='bicubic')[0]
        store.write(f'image_{i}', ScoreMaps(keys, scores.clamp(0, 1), size))
        blobs = F.interpolate(torch.rand(1, num, 9, 7, generator=generator), size, mode='bilinear')
        best, index = blobs[0].max(0)
        truth = torch.where(best > 0.6, keys[index] + 1, 0).to(torch.uint8)
        truth[(best > 0.58) & (best < 0.62)] = 255
        images.append((f'image_{i}', truth))
    return images


def usual_way(store: ScoreStore, images: Sequence, threshold: float) -> np.ndarray:
    """Return the confusion matrix at one threshold."""
    total = np.zeros((NUM_LABELS, NUM_LABELS), np.int64)
    for image_id, truth in images:
        maps = store.read(image_id)
        scores = F.interpolate(maps.scores[None], maps.size, mode='bilinear', align_corners=False)
        best, index = scores[0].max(0)
        label = (maps.keys.long() + 1)[index]
        label[best < threshold] = 0
        target, prediction = truth.numpy(), label.numpy()
        valid = target < NUM_LABELS
        pairs = NUM_LABELS * target[valid].astype(np.int64) + prediction[valid]
        total += np.bincount(pairs, minlength=NUM_LABELS**2).reshape(NUM_LABELS, NUM_LABELS)
    return total


def one_pass(store: ScoreStore, images: Sequence, thresholds: Sequence[float]) -> torch.Tensor:
    """Return the confusion matrices at all thresholds."""
    curve = ThresholdCurve(thresholds, NUM_LABELS)
    for image_id, truth in images:
        curve.update(truth, *best_class(store.read(image_id), CLASS_TO_LABEL))
    return curve.confusions('all')


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=100)
    parser.add_argument('--size', type=int, nargs=2, default=(500, 375), metavar=('H', 'W'))
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update(images=args.images, size=list(args.size), thresholds=len(GRID))
    with tempfile.TemporaryDirectory() as folder:
        images = make_images(Path(folder), args.images, tuple(args.size))
        store = ScoreStore(folder)
        ways = {
            'usual way, 1 threshold': lambda: usual_way(store, images, 0.5),
            'one pass, 1 threshold': lambda: one_pass(store, images, [0.5]),
            'one pass, 101 thresholds': lambda: one_pass(store, images, GRID),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        usual: list[np.ndarray] = []
        usual_seconds = 0.0
        # the usual way is spread over the rounds as well, so that all see the same machine
        for i in range(args.rounds):
            for name, values in interleaved(ways, 1, warm_up=i == 0).items():
                times[name] += values
            part = GRID[len(GRID) * i // args.rounds : len(GRID) * (i + 1) // args.rounds]
            usual_seconds += seconds(
                lambda part=part: usual.extend(usual_way(store, images, t) for t in part)
            )
        ours = one_pass(store, images, GRID).numpy()
    middle = medians(times)
    one, single, sweep = (middle[name] for name in ways)
    figures = dict(
        ratio_naive_101_over_ours_101=usual_seconds / sweep,
        ratio_cost_101_over_1=sweep / one,
        ratio_cost_101_over_1_both_ours=sweep / single,
        max_abs_diff_counts=float(np.abs(np.stack(usual) - ours).max()),
    )
    rows = [['way', 'median', 'range', 'per image']]
    rows += [time_row(name, values, args.images) for name, values in times.items()]
    rows.append(time_row('usual way, 101 thresholds', [usual_seconds], args.images))
    report('sweep', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
