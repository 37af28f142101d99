# SPDX-License-Identifier: Apache-2.0
"""Make the Oxford-IIIT Pet data root from the official archives, loading them if needed.

Example:
    python tools/dataset_converters/oxford_pet.py data/pets
    python tools/dataset_converters/oxford_pet.py data/pets --archives ~/downloads
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wsss.datasets.converters.download import check_md5, download
from wsss.datasets.converters.oxford_pet import (
    ARCHIVES,
    COUNTS,
    URL,
    convert_oxford_pet,
    describe,
    find_problems,
)
from wsss.errors import WSSSError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Make the Oxford-IIIT Pet data root from the official archives '
        '(about 0.8 GB to load, CC BY-SA 4.0).'
    )
    parser.add_argument('target', type=Path, help='folder to make, such as data/pets')
    parser.add_argument(
        '--archives',
        type=Path,
        help='folder of images.tar.gz and annotations.tar.gz; what is missing is loaded there '
        '(default: downloads beside the target)',
    )
    parser.add_argument('--offline', action='store_true', help='never load anything')
    parser.add_argument('--url', default=URL, help=f'where the archives are (default: {URL})')
    parser.add_argument(
        '--unofficial',
        action='store_true',
        help='accept archives with other checksums and any number of images (needs --offline)',
    )
    parser.add_argument('--num-workers', type=int, default=4, help='threads that check images')
    args = parser.parse_args(arguments)
    if args.unofficial and not args.offline:
        parser.error('--unofficial needs --offline and the archives in --archives')
    return args


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    counts = None if args.unofficial else COUNTS
    try:
        if args.target.is_dir() and not find_problems(args.target, counts):
            print(f'{describe(args.target)} (was there already)')
            return 0
        archives = args.archives or args.target.absolute().parent / 'downloads'
        for name, md5 in ARCHIVES.items():
            if not args.offline:
                download(f'{args.url.rstrip("/")}/{name}', archives / name, md5)
            elif not args.unofficial:
                check_md5(archives / name, md5)
        line = convert_oxford_pet(
            archives / 'images.tar.gz',
            archives / 'annotations.tar.gz',
            args.target,
            counts,
            args.num_workers,
        )
    except WSSSError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
