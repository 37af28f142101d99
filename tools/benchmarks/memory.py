# SPDX-License-Identifier: Apache-2.0
"""Measure the peak memory of the stages of maps and labels over few images and over many.

Each stage runs by ``tools/train.py`` in a process of its own, with its loader workers. Beside it
the memory of all of them is read from ``/proc`` (Linux) twenty times a second: what they have
allocated (anonymous and shared memory, pages that they share counted once), and, printed beside it,
all resident pages of the main process. Of the latter some 400 MiB are code of libraries, more or
less of it from run to run. The images are generated and small, and the weights random. The first
images of both runs are the same, and so are their score files and masks.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, prepare, report
from stages import (
    PETS_LIGHT,
    ROOT,
    SHAPES,
    build,
    environment,
    file_differences,
    stage_config,
    write_weights,
)

from wsss import compat
from wsss.engine.stage import WEIGHTS
from wsss.registry import DATASETS

STAGES = ('cams', 'pseudo_labels')
INTERVAL_S = 0.05
# the threshold is fixed, so that masks can be compared: the held-out images are not the same
CONFIG = """
_base_ = {base!r}
pipeline = ['classifier', 'cams', 'pseudo_labels']
data_root = {data_root!r}
pretrained = None
keep_freed_memory = {keep}
cams = dict(
    test_dataloader=dict(
        num_workers={workers},
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.MultiScaleViews', scales=(0.5, 1.0)),
                dict(type='wsss.PackViews'),
            ]
        ),
    )
)
pseudo_labels = dict(
    test_dataloader=dict(num_workers={workers}),
    test_cfg=dict(threshold=dict(_delete_=True, type='wsss.FixedThreshold', value=0.3)),
)
"""


def tree(pid: int) -> list[int]:
    """Return a process and all that come from it; those that end meanwhile are left out."""
    try:
        children = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except OSError:
        return [pid]
    return [pid, *(found for child in children for found in tree(int(child)))]


def resident(pid: int, *fields: str) -> int:
    """Return the sum of fields of a process' ``smaps_rollup`` in KiB, 0 if it has ended."""
    try:
        lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()[1:]
    except OSError:
        return 0
    found = {line.split(':')[0]: int(line.split()[1]) for line in lines}
    return sum(found[field] for field in fields) if found else 0


def peak(command: list[str], threads: int) -> tuple[float, float]:
    """Run a command; return the peak of what its processes allocated and of the first, in MiB."""
    most = first = 0
    with tempfile.TemporaryFile('w+') as said:
        process = subprocess.Popen(
            command, env=environment(threads), stdout=said, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            own = [resident(pid, 'Pss_Anon', 'Pss_Shmem') for pid in tree(process.pid)]
            most, first = max(most, sum(own)), max(first, resident(process.pid, 'Rss'))
            time.sleep(INTERVAL_S)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f'{" ".join(command)} failed:\n{said.read()[-2000:]}')
    return most / 1024, first / 1024


def make_configs(args: argparse.Namespace, folder: Path) -> dict[int, Path]:
    """Write a config for each number of images, the images and the weights."""
    configs = {}
    for images in (args.few, args.many):
        configs[images] = folder / f'images_{images}.py'
        text = CONFIG.format(
            base=str(PETS_LIGHT),
            data_root=str(folder / 'data'),
            keep=not args.default_malloc,
            workers=args.workers,
        )
        text += SHAPES.format(images=images, size=tuple(args.size))
        configs[images].write_text(text, encoding='utf-8')
        config = stage_config(configs[images], 'cams')
        build(DATASETS, config['test_dataloader']['dataset']).full_init()
    write_weights(configs[args.few], folder / 'classifier' / WEIGHTS)
    return configs


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--few', type=int, default=200)
    parser.add_argument('--many', type=int, default=2000)
    parser.add_argument('--workers', type=int, default=2, help='of the loader')
    parser.add_argument('--size', type=int, nargs=2, default=(96, 96), metavar=('H', 'W'))
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update(few=args.few, many=args.many, workers=args.workers, size=list(args.size))
    if not 1 <= args.few < args.many:
        raise SystemExit(f'--few must be at least 1 and below --many, got {args.few}, {args.many}')
    if not Path('/proc/self/smaps_rollup').is_file():
        raise SystemExit('memory.py reads /proc/<pid>/smaps_rollup, which only Linux has')
    compat.import_quietly()
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configs = make_configs(args, folder)
        for i in range(args.rounds):
            runs = {images: folder / f'run_{i}_{images}' for images in configs}
            for images in list(configs)[:: 1 if i % 2 == 0 else -1]:
                for stage in STAGES:
                    command = [sys.executable, str(ROOT / 'tools/train.py'), str(configs[images])]
                    command += ['--work-dir', str(runs[images]), '--stage', stage]
                    command += ['--reuse', f'classifier={folder / "classifier"}']
                    found.setdefault((stage, images), []).append(peak(command, args.threads))
        same = file_differences(runs[args.many], runs[args.few])
    rows = [['stage', 'images', 'peak', 'range', 'main, resident']]
    figures = {}
    for stage in STAGES:
        middle = {}
        for images in configs:
            total, first = zip(*found[stage, images])
            middle[images] = statistics.median(total), statistics.median(first)
            spread = f'{min(total):.0f}-{max(total):.0f}'
            shown = [f'{value:.0f} MiB' for value in middle[images]]
            rows.append([stage, str(images), shown[0], spread, shown[1]])
        few, many = middle[args.few], middle[args.many]
        figures[f'ratio_peak_many_over_few_{stage}'] = many[0] / few[0]
        figures[f'kib_per_image_{stage}'] = 1024 * (many[0] - few[0]) / (args.many - args.few)
    report('memory', rows, {**figures, **same}, conditions, args.json)


if __name__ == '__main__':
    main()
