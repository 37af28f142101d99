# SPDX-License-Identifier: Apache-2.0
"""Time the stage that refines stored maps with one and with two loader workers.

The dense CRF (preset psa) on photographs of 500 x 375 pixels (or generated pictures), each with
coarse maps of one to three classes on disk. The seconds are those of the stage's ``record.json``,
from building the Runner to the last figure; the loop is without what every stage does once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, medians, prepare, report, time_row
from crf import HEIGHT, WIDTH, blobs
from pictures import load_pictures
from stages import ROOT, environment

from wsss.structures import ScoreMaps, ScoreStore

CLASSES = 5
CONFIG = """
_base_ = ['{root}/configs/cam/folder_light.py', '{root}/configs/_base_/stages/refined.py']
pipeline = ['refined']
data_root = {data!r}
data = dict(num_classes={classes}, num_labels={labels}, train=dict(val_fraction=0.0))
refined_from = {scores!r}
refiners = [dict(type='wsss.DenseCRF', preset='psa')]
keep_freed_memory = {keep}
"""


def write_data(args: argparse.Namespace, folder: Path) -> Path:
    """Write pictures, labels and maps; return the config."""
    rng = np.random.default_rng(0)
    store = ScoreStore(folder / 'scores')
    (folder / 'data/images').mkdir(parents=True)
    rows = ['image,labels']
    for i, picture in enumerate(load_pictures(args.pictures, args.images, WIDTH)):
        name = f'{i:04d}'
        picture = cv2.resize(picture, (WIDTH, HEIGHT))
        cv2.imwrite(str(folder / f'data/images/{name}.jpg'), picture[:, :, ::-1])
        keys = np.sort(rng.choice(CLASSES, rng.integers(1, 4), replace=False))
        maps = torch.from_numpy(blobs(rng, len(keys))[:, ::4, ::4].copy())
        store.write(name, ScoreMaps(torch.from_numpy(keys), maps, (HEIGHT, WIDTH)))
        rows.append(f'{name}.jpg,{";".join(f"class{key}" for key in keys)}')
    (folder / 'data/labels.csv').write_text('\n'.join(rows) + '\n', encoding='utf-8')
    config = folder / 'config.py'
    config.write_text(
        CONFIG.format(
            root=ROOT,
            data=str(folder / 'data'),
            scores=str(store.folder),
            classes=CLASSES,
            labels=CLASSES + 1,
            keep=not args.default_malloc,
        ),
        encoding='utf-8',
    )
    return config


def run(config: Path, workers: int, threads: int) -> tuple[float, float, Path]:
    """Return the seconds of the stage, the images/s of its loop, and where it wrote."""
    target = config.parent / f'run_{workers}'
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(config), '--work-dir', str(target)]
    command += ['--cfg-options', f'refined.test_dataloader.num_workers={workers}']
    if (target / 'refined').exists():
        command[3:3] = ['--redo', 'refined']
    done = subprocess.run(command, env=environment(threads), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f'the stage failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}')
    record = json.loads((target / 'refined/record.json').read_text())
    return float(record['seconds']), record['images_per_s'], target / 'refined/scores'


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--images', type=int, default=200)
    parser.add_argument('--pictures', help='folder of photographs; generated without')
    args = parser.parse_args()
    conditions = prepare(args)
    with tempfile.TemporaryDirectory() as folder:
        config = write_data(args, Path(folder))
        times: dict[str, list[float]] = {'one worker': [], 'two workers': []}
        rates: dict[str, list[float]] = {name: [] for name in times}
        stores = {}
        for i in range(args.rounds):
            for name in list(times)[:: 1 if i % 2 == 0 else -1]:
                seconds, rate, scores = run(config, list(times).index(name) + 1, args.threads)
                times[name].append(seconds)
                rates[name].append(rate)
                stores[name] = ScoreStore(scores)
        names = sorted(path.stem for path in stores['one worker'].folder.iterdir())
        if len(names) != args.images:
            raise SystemExit(f'{len(names)} of {args.images} images were written')
        difference = max(
            float((a.scores - b.scores).abs().max())
            for a, b in ([store.read(name) for store in stores.values()] for name in names)
        )
    middle = medians(times)
    loop = medians(rates)
    figures = dict(
        ratio=middle['one worker'] / middle['two workers'],
        ratio_loop=loop['two workers'] / loop['one worker'],
        max_abs_diff_scores=difference,
    )
    rows = [time_row(name, values, args.images) for name, values in times.items()]
    report('refined_stage', rows, figures, {**conditions, 'images': args.images}, args.json)


if __name__ == '__main__':
    main()
