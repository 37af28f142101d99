# SPDX-License-Identifier: Apache-2.0
"""Try all stages of a config on generated images, and say what the run will cost.

Example:
    python tools/analysis_tools/estimate_run.py configs/affinitynet/pets.py --gpus 1 4
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine import DictAction

from wsss import compat
from wsss.engine.cli import guarded, load_config


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Build every stage of a config, run one step of each on generated images, and '
        'print memory, operations and hours to expect. Ends with 1 if a stage could not be tried.'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('--stage', help='only this stage')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override config values, e.g. data_root=DIR',
    )  # fmt: skip
    parser.add_argument(
        '--batch', type=int, metavar='N',
        help='images to try at a time, at most the batch of the config '
        '(default: that batch on a GPU, 2 on a CPU); memory is scaled',
    )  # fmt: skip
    parser.add_argument('--gpus', type=int, nargs='+', default=[1, 4], help='to estimate hours for')
    parser.add_argument(
        '--tflops', type=float, default=15.0,
        help='10^12 operations that a GPU does in a second in effect (default: 15, about an A100 '
        'in TF32)',
    )  # fmt: skip
    parser.add_argument(
        '--images', type=int, metavar='N', help='of a data set that is not here and not an official'
        ' split'
    )  # fmt: skip
    parser.add_argument('--out', type=Path, metavar='FILE', help='write the table (Markdown)')
    args = parser.parse_args(arguments)
    if min([*args.gpus, args.batch or 1, args.images or 1]) < 1 or args.tflops <= 0:
        parser.error('--gpus, --batch and --images must be at least 1, --tflops above 0')
    return args


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    config = load_config(args.config, args.cfg_options)
    compat.import_quietly()
    from wsss.engine.estimate import Assumptions, estimate, markdown
    from wsss.engine.record import device_name
    from wsss.fileio import write_bytes

    def show(part):
        print(f'trying {part.name}', file=sys.stderr, flush=True)

    rows = estimate(config.to_dict(), args.config, args.stage, args.batch, args.images, show)
    table = markdown(rows, args.config, Assumptions(args.tflops, args.gpus, device_name()))
    print(table, end='')
    if args.out:
        write_bytes(args.out, table.encode())
        print(f'wrote {args.out}')
    failed = [row.part.name for row in rows if row.problem]
    if failed:
        print(f'error: could not be tried: {", ".join(failed)}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
