# SPDX-License-Identifier: Apache-2.0
"""Where the archives of a converter come from: a folder, or the network."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import DataError
from .download import check_md5, download


def add_archive_arguments(
    parser: argparse.ArgumentParser, archives: str, url: str, num_workers: int | None = 4
) -> None:
    """Add the arguments that all converters share.

    Args:
        parser: Of the tool.
        archives: Their names, for the help.
        url: Where they are by default.
        num_workers: How many work at once by default; None for a converter that has no such work.
    """
    parser.add_argument(
        '--archives',
        type=Path,
        help=f'folder of {archives}; what is missing is loaded there (default: downloads beside '
        'the target)',
    )
    parser.add_argument('--offline', action='store_true', help='never load anything')
    parser.add_argument('--url', default=url, help=f'where the archives are (default: {url})')
    parser.add_argument(
        '--unofficial',
        action='store_true',
        help='accept archives with other checksums and any number of images (needs --offline)',
    )
    if num_workers is not None:
        parser.add_argument(
            '--num-workers',
            '--workers',
            type=int,
            default=num_workers,
            help=f'how many work at once (default: {num_workers})',
        )


def parse_archive_arguments(
    parser: argparse.ArgumentParser, arguments: list[str] | None
) -> argparse.Namespace:
    """Parse the command line; ``--unofficial`` needs ``--offline``, ``archives`` gets its value."""
    args = parser.parse_args(arguments)
    if args.unofficial and not args.offline:
        parser.error('--unofficial needs --offline and the archives in --archives')
    if getattr(args, 'num_workers', 1) < 1:
        parser.error('--num-workers must be at least 1')
    args.archives = args.archives or args.target.absolute().parent / 'downloads'
    return args


def make_fetch(
    args: argparse.Namespace, archives: Mapping[str, tuple[str, str | None]]
) -> Callable[[str], Path]:
    """Return a function from the name of an archive to a file that was checked.

    Args:
        args: Of :func:`parse_archive_arguments`.
        archives: Name -> address below ``args.url`` and published MD5, None if there is none.
    """

    def fetch(name: str) -> Path:
        address, md5 = archives[name]
        path = args.archives / name
        if not args.offline:
            return download(f'{args.url.rstrip("/")}/{address}', path, md5)
        if not path.is_file():
            raise DataError(f'{path} does not exist. Load it, or leave out --offline.')
        if not args.unofficial and md5 is not None:
            check_md5(path, md5)
        return path

    return fetch
