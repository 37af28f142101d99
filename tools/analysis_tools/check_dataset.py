# SPDX-License-Identifier: Apache-2.0
"""Open every file of a config's data sets; print what is in them and which cannot be used.

Example:
    python tools/analysis_tools/check_dataset.py configs/cam/voc.py --split train val
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine import DictAction

from wsss.engine.cli import guarded, load_config, show_progress


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Open every image and mask of the data sets of a config and print counts, '
        'sizes, classes, co-occurrence and mask values. Exit code 1 if a file cannot be used.'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--split', nargs='+', metavar='KEY', help='keys of data to check (default: all)'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override config values, e.g. data_root=DIR',
    )  # fmt: skip
    parser.add_argument('--workers', type=int, default=2, help='processes; 0 uses none but this')
    parser.add_argument('--headers-only', action='store_true', help='open no pixels and no masks')
    parser.add_argument('--pairs', type=int, default=20, help='pairs of classes to list')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the same as JSON')
    args = parser.parse_args(arguments)
    if args.workers < 0 or args.pairs < 1:
        parser.error('--workers must be at least 0 and --pairs at least 1')
    return args


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    config = load_config(args.config, args.cfg_options)
    from wsss.datasets.check import build_splits, check_dataset, overlaps
    from wsss.datasets.check_text import report_text
    from wsss.fileio import write_json

    splits = build_splits(config.to_dict(), args.split)
    reports: dict = {}
    for name, dataset in splits.items():
        if isinstance(dataset, str):
            reports[name] = dict(same_as=dataset)
            print(f'data.{name}: the same as data.{dataset}\n')
            continue
        reports[name] = check_dataset(dataset, args.workers, not args.headers_only, show_progress)
        print(report_text(name, reports[name], args.pairs) + '\n')
    shared = overlaps(splits)
    for row in shared:
        a, b = row['splits']
        print(
            f'{row["images"]} images are in data.{a} and in data.{b}, such as '
            f'{", ".join(row["examples"])}'
        )
    problems = sum(len(report.get('problems', ())) for report in reports.values())
    if args.json:
        write_json(args.json, dict(config=args.config, splits=reports, overlaps=shared))
        print(f'report: {args.json}')
    if problems:
        print(f'error: {problems} problems, listed above by file', file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
