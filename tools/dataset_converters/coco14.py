# SPDX-License-Identifier: Apache-2.0
"""Make the MS-COCO 2014 data root from the official archives, with masks of label ids.

Example:
    python tools/dataset_converters/coco14.py data/coco
    python tools/dataset_converters/coco14.py data/coco --archives ~/downloads --splits val
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wsss.datasets.converters.coco14 import ARCHIVES, COUNTS, URL, convert_coco14
from wsss.datasets.converters.fetch import (
    add_archive_arguments,
    make_fetch,
    parse_archive_arguments,
)
from wsss.errors import WSSSError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Make the MS-COCO 2014 data root from the official archives (about 20 GB to '
        'load). What is in the target already is kept and not loaded.'
    )
    parser.add_argument('target', type=Path, help='folder to make or complete, such as data/coco')
    parser.add_argument('--splits', nargs='+', choices=list(COUNTS), default=list(COUNTS))
    add_archive_arguments(parser, 'train2014.zip, val2014.zip, annotations_trainval2014.zip', URL)
    return parse_archive_arguments(parser, arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    try:
        line = convert_coco14(
            args.target,
            make_fetch(args, ARCHIVES),
            args.splits,
            None if args.unofficial else COUNTS,
            args.num_workers,
        )
    except WSSSError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
