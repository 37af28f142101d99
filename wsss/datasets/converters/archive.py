# SPDX-License-Identifier: Apache-2.0
"""Extract an archive from elsewhere without trusting it."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from ...errors import DataError


def extract_tar(
    archive: str | Path,
    folder: str | Path,
    max_members: int = 200_000,
    max_bytes: int = 8 << 30,
    progress: bool = False,
) -> int:
    """Extract the files of a tar archive (also compressed) into ``folder``.

    Only plain files and folders are taken. Resource forks (``._*``) are left out; owners, modes
    and times of the archive are not applied.

    Args:
        archive: The file.
        folder: Made if missing; nothing is written outside of it.
        max_members: More entries are refused.
        max_bytes: More unpacked bytes are refused.
        progress: Whether to show a bar.

    Returns:
        How many files were written.

    Raises:
        DataError: If the archive is missing or damaged, holds an absolute path, ``..``, a link or
            a device, a name twice as file and folder, or exceeds a limit.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    count = members = written = 0
    try:
        with (
            tarfile.open(archive, 'r|*') as tar,
            tqdm(desc=f'extract {Path(archive).name}', unit='file', disable=not progress) as bar,
        ):
            for member in tar:
                members += 1
                written += member.size
                if members > max_members or written > max_bytes:
                    raise DataError(
                        f'archive {archive} holds more than {max_members} entries or {max_bytes} '
                        'bytes. It is not the official one.'
                    )
                parts = _safe_parts(archive, member)
                if member.isdir() or not parts or parts[-1].startswith('._'):
                    continue
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, open(target, 'wb') as file:
                    shutil.copyfileobj(source, file)
                if target.stat().st_size != member.size:
                    raise tarfile.ReadError(f'{member.name} is cut off')
                count += 1
                bar.update()
    except FileNotFoundError as error:
        raise DataError(f'archive {archive} does not exist.') from error
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(
            f'archive {archive} cannot be extracted to {folder}: {error}. If it is damaged, load '
            'it again.'
        ) from error
    return count


def _safe_parts(archive: str | Path, member: tarfile.TarInfo) -> tuple[str, ...]:
    """Return the folders and the name of an entry below the target folder."""
    name = member.name
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts or '\\' in name or '\0' in name:
        raise DataError(
            f'archive {archive}: the entry {name!r} points outside of the target folder. Do not '
            'use this archive.'
        )
    if not (member.isfile() or member.isdir()):
        raise DataError(
            f'archive {archive}: the entry {name!r} is a link or a device, only files and folders '
            'are allowed. Do not use this archive.'
        )
    return path.parts
