# SPDX-License-Identifier: Apache-2.0
"""Time the dense CRF on the lattice against pydensecrf.

Photographs (or generated pictures) of 500 x 375 pixels, and coarse blobs as scores of the classes.
Every way begins with the picture and ends with probabilities; one thread. Several settings of one
picture share the lattice in ours; pydensecrf builds it for each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row
from pictures import load_pictures

from wsss.refiners.crf import CRF, ENGINES, CRFParams, crf_params, unary_from_scores
from wsss.refiners.crf.compiled import is_installed

WIDTH, HEIGHT = 500, 375
ALPHAS = (4, 32)
TEN = tuple(2**i for i in range(1, 11))
CASES = (('psa', 2), ('psa', 4), ('psa', 21), ('irn', 2), ('irn', 4), ('irn', 21))


def blobs(rng: np.random.Generator, classes: int) -> np.ndarray:
    """Return scores ``(K, H, W)``, one or two blobs per class, as coarse as maps are."""
    y, x = np.mgrid[:24, :32].astype(np.float32)
    maps = np.zeros((classes, 24, 32), np.float32)
    for own in maps:
        for _ in range(rng.integers(1, 3)):
            at, size = rng.random(2) * (24, 32), rng.uniform(2, 6)
            near = (y - at[0]) ** 2 + (x - at[1]) ** 2
            np.maximum(own, np.exp(-near / (2 * size**2)), out=own)
    return np.stack([cv2.resize(own, (WIDTH, HEIGHT)) for own in maps])


def unary(scores: np.ndarray, alpha: float) -> np.ndarray:
    """Return the energies of background ``(1 - max)^alpha`` and classes, divided by their sum."""
    both = np.concatenate([(1 - scores.max(axis=0, keepdims=True)) ** alpha, scores])
    return unary_from_scores(both / both.sum(axis=0))


def refine(
    engine: Callable[[np.ndarray], CRF],
    pictures: list[np.ndarray],
    energies: list[list[np.ndarray]],
    params: CRFParams,
) -> list[np.ndarray]:
    """Return the probabilities of all settings of all pictures."""
    found = []
    for picture, settings in zip(pictures, energies):
        crf = engine(picture)
        found += [crf.infer(one, params) for one in settings]
    return found


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--images', help='folder with JPEG photographs; default: generated ones')
    parser.add_argument('--count', type=int, default=5, help='number of pictures')
    parser.add_argument(
        '--device', help="also time the engine 'torch' there; 'cuda' means the CPU without a GPU"
    )
    args = parser.parse_args()
    conditions = prepare(args)
    cv2.setNumThreads(args.threads)
    conditions.update(images=args.images or 'generated', count=args.count, size=[HEIGHT, WIDTH])
    if not is_installed():
        raise SystemExit("crf.py compares with pydensecrf: pip install 'wsss[crf]'")
    engines = {way: ENGINES[way] for way in ('pydensecrf', 'lattice')}
    if args.device:
        conditions['device'] = args.device if torch.cuda.is_available() else 'cpu'
        engines['torch'] = partial(ENGINES['torch'], device=conditions['device'])
    pictures = load_pictures(args.images, args.count, WIDTH)
    pictures = [np.ascontiguousarray(cv2.resize(own, (WIDTH, HEIGHT))) for own in pictures]
    rng = np.random.default_rng(0)
    scores = {labels: [blobs(rng, labels - 1) for _ in pictures] for labels in (2, 4, 21)}
    jobs = {
        f'{preset}_{labels}': (preset, [[unary(own, 16)] for own in scores[labels]])
        for preset, labels in CASES
    }
    for name, alphas in (('two_alphas', ALPHAS), ('ten_settings', TEN)):
        jobs[f'psa_2_{name}'] = 'psa', [[unary(own, a) for a in alphas] for own in scores[2]]

    rows, figures = [['way', 'median', 'range', 'per image']], {}
    for name, (preset, energies) in jobs.items():
        params = crf_params(preset)
        ways = {
            way: partial(refine, engine, pictures, energies, params)
            for way, engine in engines.items()
        }
        times = interleaved(ways, args.rounds)
        middle = medians(times)
        figures[f'ratio_{name}'] = middle['pydensecrf'] / middle['lattice']
        usual, ours = (ways[way]() for way in ('pydensecrf', 'lattice'))
        equal = [np.mean(a.argmax(axis=0) == b.argmax(axis=0)) for a, b in zip(usual, ours)]
        figures[f'labels_equal_{name}'] = float(np.mean(equal))
        figures[f'mean_abs_diff_{name}'] = float(
            np.mean([np.abs(a - b).mean() for a, b in zip(usual, ours)])
        )
        figures[f'max_abs_diff_{name}'] = max(
            float(np.abs(a - b).max()) for a, b in zip(usual, ours)
        )
        if 'torch' in ways:
            figures[f'max_abs_diff_torch_{name}'] = max(
                float(np.abs(a - b).max()) for a, b in zip(ours, ways['torch']())
            )
        rows += [time_row(f'{name}: {way}', taken, len(pictures)) for way, taken in times.items()]
    report('crf', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
