# SPDX-License-Identifier: Apache-2.0
"""Make the Stanford Background data root from the official archive, loading it if needed.

Example:
    python tools/dataset_converters/stanford_background.py data/stanford_background
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
from wsss.datasets.converters.stanford_background import (
    ARCHIVES,
    COUNT,
    URL,
    convert_stanford_background,
)
from wsss.errors import WSSSError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Make the Stanford Background data root from the official archive '
        '(15 MB to load). No checksum of it is published.'
    )
    parser.add_argument(
        'target', type=Path, help='folder to make, such as data/stanford_background'
    )
    add_archive_arguments(parser, 'iccv09Data.tar.gz', URL)
    return parse_archive_arguments(parser, arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    try:
        line = convert_stanford_background(
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
