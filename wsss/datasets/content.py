# SPDX-License-Identifier: Apache-2.0
"""Digests of the content of many files, read once and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from ..errors import WSSSError
from ..fileio import read_json, write_json
from .threads import map_in_threads

# coarsest time stamp of the usual file systems: a file may change again within it unseen
GRAIN_NS = 2_000_000_000
_MANY = 2000
_THREADS = 4


class ContentDigests:
    """What is in files, without reading them again at every start.

    The first look reads every file. What it finds is remembered in the user's cache folder
    (``$XDG_CACHE_HOME/wsss/digests``, one file per data set) beside size, time of change and inode;
    as long as these stay, the content is taken to be the same. They change with every way to change
    a file, even where its size and modification time are put back. The other way round does no
    harm: a data set that was copied or touched is read once more, and its digests are the same.
    A file that changed less than two seconds ago is not remembered, as time stamps are coarse.

    Args:
        root: Folder of the data set.

    Example:
        >>> ContentDigests('/tmp').of(['/nowhere/a.png', None])
        ['missing', 'none']
    """

    def __init__(self, root: str | Path):
        self.root = os.path.abspath(root)
        name = hashlib.sha256(self.root.encode()).hexdigest()[:16]
        self.cache = cache_folder() / 'digests' / f'{name}.json'

    def of(self, paths: Sequence[str | None]) -> list[str]:
        """Return a digest per path; ``none`` for None, ``missing`` for what is not there."""
        known = self._read_cache()
        digests: dict[str | None, str] = {None: 'none'}
        pending: list[str] = []
        for path in dict.fromkeys(paths):
            if path is None:
                continue
            stamped, _, digest = known.get(self._key(path), '').rpartition(' ')
            found = stamp(path)
            if found is None:
                digests[path] = 'missing'
            elif stamped and stamped == _text(found):
                digests[path] = digest
            else:
                pending.append(path)
        if len(pending) > _MANY:
            print_log(
                f'{self.root}: reading {len(pending)} files to know their content; at the next '
                'start only those that have changed',
                'current',
            )
        fresh = {}
        for path, (stamped, digest) in map_in_threads(_stamp_and_digest, pending, _THREADS):
            digests[path] = digest or 'missing'
            if digest and settled(stamped) and stamp(path) == stamped:
                fresh[self._key(path)] = f'{_text(stamped)} {digest}'
        if fresh:
            with contextlib.suppress(WSSSError, OSError):  # no cache, no harm
                write_json(self.cache, {**known, **fresh}, indent=None)
        return [digests[path] for path in paths]

    def _key(self, path: str) -> str:
        path = os.path.abspath(path)
        return path.removeprefix(self.root + os.sep)

    def _read_cache(self) -> dict[str, str]:
        try:
            content = read_json(self.cache)
        except (WSSSError, OSError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {k: v for k, v in content.items() if isinstance(v, str)}


def _text(stamped: list[int]) -> str:
    # one string a file: of 100,000 files, lists of numbers would take 100 MB
    return ' '.join(map(str, stamped))


def _stamp_and_digest(path: str) -> tuple[list[int] | None, str | None]:
    stamped = stamp(path)
    return stamped, stamped and file_digest(path)


def cache_folder() -> Path:
    """Return the folder for what can be made again: ``$XDG_CACHE_HOME/wsss``."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'wsss'


def stamp(path: str) -> list[int] | None:
    """Return size, times of change of content and of the entry, inode; None without a file."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return [info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino]


def settled(stamped: list[int]) -> bool:
    """Whether the last change lies so far back that another would show."""
    return time.time_ns() - max(stamped[1:3]) > GRAIN_NS


def file_digest(path: str) -> str | None:
    """Return the digest of a file's bytes; None if it cannot be read."""
    hasher = hashlib.sha256()
    try:
        with open(path, 'rb') as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    except OSError:
        return None
    return hasher.hexdigest()[:16]
