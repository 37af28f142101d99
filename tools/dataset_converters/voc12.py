# SPDX-License-Identifier: Apache-2.0
"""Make the PASCAL VOC 2012 data root from the official archive, loading it if needed.

Example:
    python tools/dataset_converters/voc12.py data/voc
    python tools/dataset_converters/voc12.py data/voc --archives ~/downloads --offline
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
from wsss.datasets.converters.voc12 import ARCHIVES, COUNTS, URL, convert_voc12
from wsss.errors import WSSSError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Make the PASCAL VOC 2012 data root from the official archive (2 GB to load).'
    )
    parser.add_argument('target', type=Path, help='folder to make VOC2012 in, such as data/voc')
    add_archive_arguments(parser, 'VOCtrainval_11-May-2012.tar', URL, num_workers=None)
    return parse_archive_arguments(parser, arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    try:
        line = convert_voc12(
            args.target,
            make_fetch(args, ARCHIVES),
            None if args.unofficial else COUNTS,
        )
    except WSSSError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
