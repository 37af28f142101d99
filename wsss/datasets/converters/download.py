# SPDX-License-Identifier: Apache-2.0
"""Download a large file: resumed where it stopped, checked before it gets its name."""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from ...errors import DataError

BLOCK = 1 << 20


def file_md5(path: str | Path) -> str:
    """Return the MD5 of a file as hexadecimal digits."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, 'rb') as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def check_md5(path: str | Path, md5: str) -> None:
    """Raise :class:`DataError` unless the file exists and has this MD5."""
    if not Path(path).is_file():
        raise DataError(f'{path} does not exist.')
    found = file_md5(path)
    if found != md5:
        raise DataError(
            f'{path} has the MD5 {found}, the published one is {md5}: it is damaged or another '
            'file. Delete it and download it again.'
        )


def download(
    url: str,
    path: str | Path,
    md5: str | None,
    timeout_s: float = 60.0,
    attempts: int = 5,
    wait_s: float = 2.0,
    progress: bool = True,
) -> Path:
    """Download ``url`` to ``path``.

    The bytes go to ``<path>.part`` first. A broken connection, or a later call, continues there
    (HTTP Range) if the server can; the file is renamed when its MD5 is right.

    Args:
        url: ``http(s)://`` address.
        path: Target; an existing file with the right MD5 is kept and nothing is loaded.
        md5: Published MD5 in hexadecimal digits; None if there is none: then only the length is
            checked, and an existing file is taken as it is.
        timeout_s: Without a byte for so long the connection counts as broken.
        attempts: Connections in a row that may fail without bringing a byte.
        wait_s: Pause before the next attempt.
        progress: Whether to show a bar.

    Returns:
        The path.

    Raises:
        DataError: If the address cannot be loaded or the MD5 is wrong; the message says which and
            whether the part is kept.
    """
    path = Path(path)
    if not url.startswith(('http://', 'https://')):
        raise DataError(f'{url!r} cannot be loaded: the address must begin with http(s)://.')
    if path.is_file():
        if md5 is not None:
            check_md5(path, md5)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    failed = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            _fetch(url, part, timeout_s, progress)
            break
        except (OSError, http.client.HTTPException) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            after = part.stat().st_size if part.is_file() else 0
            failed = 1 if after > before else failed + 1
            if refused or failed >= attempts:
                raise DataError(
                    f'{url} cannot be loaded: {error}. {part} keeps what came ({after} bytes); the '
                    'same command continues there. Or load the file by other means and give its '
                    'path.'
                ) from error
            time.sleep(wait_s)
    try:
        if md5 is not None:
            check_md5(part, md5)
    except DataError:
        part.unlink()
        raise DataError(
            f'{url}: the loaded file has another MD5 than the published {md5}. It was deleted; try '
            'again. If it stays so, the file on the server changed.'
        ) from None
    os.replace(part, path)
    return path


def _fetch(url: str, part: Path, timeout_s: float, progress: bool) -> None:
    """Append what is missing to ``part``; OSError or HTTPException if the connection breaks."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url)
    if have:
        request.add_header('Range', f'bytes={have}-')
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            # nothing beyond what is there: whole already, or of another file; the MD5 decides
            error.close()
            return
        raise
    with response:
        if have and not (
            response.status == 206
            and response.headers.get('Content-Range', '').startswith(f'bytes {have}-')
        ):
            have = 0  # the server sends all of it again
            if response.status == 206:
                part.unlink()
                raise OSError(f'the server answered with {response.headers.get("Content-Range")!r}')
        length = response.headers.get('Content-Length')
        total = None if length is None else have + int(length)
        bar = tqdm(
            total=total,
            initial=have,
            unit='B',
            unit_scale=True,
            desc=part.name.removesuffix('.part'),
            disable=not progress,
        )
        with bar, open(part, 'ab' if have else 'wb') as file:
            while block := response.read(BLOCK):
                file.write(block)
                bar.update(len(block))
    size = part.stat().st_size
    if total is not None and size != total:
        raise OSError(f'the connection ended after {size} of {total} bytes')
