# SPDX-License-Identifier: Apache-2.0
"""Time the stages of maps and labels on one process and on two, of one thread each.

All ways go through ``tools/dist_train.sh``, with ``num_workers=0``: the process itself reads the
images, so that one process uses one core and two use two. Both figures come from the stage's
``record.json``: its seconds, from building the Runner to the last figure, and the images/s of its
loop, without the second or two that every stage takes however many images it has. How fast the
machine itself gets with a second busy core is shown by two unrelated runs at the same time, each
over half of the images. Score files and masks of one and two processes are compared.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from common import make_parser, prepare, report, time_row
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
CONFIG = """
_base_ = {base!r}
pipeline = ['classifier', 'cams', 'pseudo_labels']
data_root = {data_root!r}
pretrained = None
keep_freed_memory = {keep}
cams = dict(test_dataloader=dict(num_workers=0))
pseudo_labels = dict(test_dataloader=dict(num_workers=0))
"""


class Runs:
    """The stages of one config on some processes.

    Args:
        args: The command line.
        folder: For everything that is written.
    """

    def __init__(self, args: argparse.Namespace, folder: Path):
        self.folder, self.threads, self.images = folder, args.threads, args.images
        self.config = folder / 'config.py'
        text = CONFIG.format(
            base=str(PETS_LIGHT), data_root=str(folder / 'data'), keep=not args.default_malloc
        )
        text += SHAPES.format(images=args.images, size=tuple(args.size))
        self.config.write_text(text, encoding='utf-8')
        config = stage_config(self.config, 'cams')
        build(DATASETS, config['test_dataloader']['dataset']).full_init()
        write_weights(self.config, folder / 'classifier' / WEIGHTS)

    def __call__(self, name: str, processes: int, at_once: int = 1) -> dict[str, tuple]:
        """Run the stages; return the seconds (of the slowest run) and images/s (of all) of each.

        Args:
            name: Folder of the run; several runs at once append their number.
            processes: Of each run.
            at_once: How many runs share the images.
        """
        targets = [self.folder / (name if i == 0 else f'{name}_{i}') for i in range(at_once)]
        running = []
        for target in targets:
            shutil.rmtree(target, ignore_errors=True)
            command = [str(ROOT / 'tools/dist_train.sh'), str(self.config), str(processes)]
            command += ['--work-dir', str(target), '--from', STAGES[0], '--until', STAGES[-1]]
            command += ['--reuse', f'classifier={self.folder / "classifier"}']
            if at_once > 1:
                command += ['--cfg-options', f'data.train.indices={self.images // at_once}']
            said = (self.folder / f'{target.name}.log').open('w')
            running.append(
                subprocess.Popen(
                    command, env=environment(self.threads), stdout=said, stderr=subprocess.STDOUT
                )
            )
            said.close()
        codes = [process.wait() for process in running]
        for code, target in zip(codes, targets):
            if code:
                log = (self.folder / f'{target.name}.log').read_text()
                raise SystemExit(f'{processes} processes: the stages failed:\n{log[-2000:]}')
        found = {}
        for stage in STAGES:
            files = [target / stage / 'record.json' for target in targets]
            records = [json.loads(file.read_text()) for file in files]
            rate = sum(record['images_per_s'] for record in records)
            found[stage] = max(record['seconds'] for record in records), rate
        return found


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--images', type=int, default=600)
    parser.add_argument('--size', type=int, nargs=2, default=(320, 320), metavar=('H', 'W'))
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update(images=args.images, size=list(args.size))
    compat.import_quietly()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(args, Path(folder))
        ways = {
            'one process': lambda: runs('one', 1),
            'two processes': lambda: runs('two', 2),
            'two unrelated runs, half each': lambda: runs('half', 1, at_once=2),
        }
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for i in range(args.rounds):
            for name in list(ways)[:: 1 if i % 2 == 0 else -1]:
                for stage, values in ways[name]().items():
                    found.setdefault((stage, name), []).append(values)
        same = file_differences(runs.folder / 'one', runs.folder / 'two')
    rows = [['stage, way', 'median', 'range', 'per image', 'loop']]
    figures = {}
    for stage in STAGES:
        rates = []
        seconds = []
        for name in ways:
            times, loops = zip(*found[stage, name])
            seconds.append(statistics.median(times))
            rates.append(statistics.median(loops))
            row = time_row(f'{stage}, {name}', times, args.images)
            rows.append([*row, f'{rates[-1]:.1f} images/s'])
        figures[f'ratio_{stage}_loop'] = rates[1] / rates[0]
        figures[f'ratio_{stage}_loop_unrelated_runs'] = rates[2] / rates[0]
        figures[f'ratio_{stage}_whole_stage'] = seconds[0] / seconds[1]
        figures[f'ratio_{stage}_whole_stage_unrelated_runs'] = seconds[0] / seconds[2]
    report('scaling', rows, {**figures, **same}, conditions, args.json)


if __name__ == '__main__':
    main()
