# SPDX-License-Identifier: Apache-2.0
"""Add the masks of SBD and the list train_aug to the PASCAL VOC 2012 data root.

Example:
    python tools/dataset_converters/sbd.py data/voc
    python tools/dataset_converters/sbd.py data/voc --archives ~/downloads --offline
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wsss.datasets.converters.fetch import (
    add_archive_arguments,
    make_fetch,
    parse_archive_arguments,
)
from wsss.datasets.converters.sbd import ARCHIVES, COUNT, URL, convert_sbd
from wsss.errors import WSSSError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Add SegmentationClassAug and train_aug.txt to the PASCAL VOC 2012 data root, '
        'from the official archive of SBD (1.4 GB to load).'
    )
    parser.add_argument('target', type=Path, help='folder that contains VOC2012, such as data/voc')
    add_archive_arguments(parser, 'benchmark.tgz', URL)
    return parse_archive_arguments(parser, arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    try:
        line = convert_sbd(
            args.target,
            make_fetch(args, ARCHIVES),
            None if args.unofficial else COUNT,
            args.num_workers,
        )
    except WSSSError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
