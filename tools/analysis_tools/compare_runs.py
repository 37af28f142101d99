# SPDX-License-Identifier: Apache-2.0
"""Compare runs: the figures of their stages in tables that keep apart what cannot be compared.

Example:
    python tools/analysis_tools/compare_runs.py work_dirs/cam/pets_light work_dirs/*/pets_crf_light
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wsss.engine.cli import guarded


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Print the figures of the stages of several runs. Figures of other splits, '
        'images, labels or protocols come in tables of their own that say what differs.'
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work folder of a run')
    parser.add_argument('--out', type=Path, help='folder for runs.md and runs.csv')
    parser.add_argument(
        '--stage', nargs='+', action='extend', default=[], metavar='STAGE', help='only these'
    )
    parser.add_argument(
        '--metric', nargs='+', action='extend', default=[], metavar='NAME',
        help="only these figures, or patterns such as 'IoU/*' (default: the main ones)",
    )  # fmt: skip
    parser.add_argument(
        '--group-seeds', action='store_true',
        help='mean and standard deviation of results that differ in nothing but the seed',
    )  # fmt: skip
    return parser.parse_args(arguments)


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    from wsss.evaluation.compare_runs import compare_runs
    from wsss.evaluation.run_results import read_runs
    from wsss.evaluation.run_table import csv_text, markdown_text
    from wsss.fileio import write_bytes

    runs = read_runs(args.runs)
    tables = compare_runs(runs, args.stage, args.metric, args.group_seeds)
    text = markdown_text(runs, tables, args.group_seeds)
    print(text)
    if args.out:
        write_bytes(args.out / 'runs.md', text.encode())
        write_bytes(args.out / 'runs.csv', csv_text(runs, tables).encode())
        print(f'wrote runs.md, runs.csv to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
