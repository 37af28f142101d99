# SPDX-License-Identifier: Apache-2.0
"""Extract an archive from elsewhere without trusting it."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from ...errors import DataError
from ...fileio import check_plain


def extract_tar(
    archive: str | Path,
    folder: str | Path,
    max_members: int = 200_000,
    max_bytes: int = 8 << 30,
    progress: bool = False,
    keep: Callable[[PurePosixPath], bool] = lambda _: True,
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
        keep: Which files to write, by their path in the archive; all are checked.

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
        check_plain(archive, f'archive {archive}')
        with (
            tarfile.open(archive, 'r|*') as tar,
            tqdm(desc=f'extract {Path(archive).name}', unit='file', disable=not progress) as bar,
        ):
            for member in tar:
                members += 1
                written += member.size
                _check_limits(archive, members, written, max_members, max_bytes)
                parts = _safe_parts(archive, member.name, member.isfile() or member.isdir())
                if member.isdir() or not _is_wanted(parts, keep):
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


def extract_zip(
    archive: str | Path,
    folder: str | Path,
    max_members: int = 200_000,
    max_bytes: int = 8 << 30,
    progress: bool = False,
    keep: Callable[[PurePosixPath], bool] = lambda _: True,
) -> int:
    """Extract the files of a zip archive into ``folder``, as :func:`extract_tar` does.

    Encrypted archives are refused. The check sum of every file is checked, and no more is unpacked
    than the table of the archive says, so that the limits hold.

    Raises:
        DataError: As :func:`extract_tar`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    try:
        check_plain(archive, f'archive {archive}')
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            total = sum(member.file_size for member in members)
            _check_limits(archive, len(members), total, max_members, max_bytes)
            name = f'extract {Path(archive).name}'
            for member in tqdm(members, name, unit='file', disable=not progress):
                kind = stat.S_IFMT(member.external_attr >> 16)
                parts = _safe_parts(
                    archive, member.filename, kind in (0, stat.S_IFREG, stat.S_IFDIR)
                )
                if member.is_dir() or not _is_wanted(parts, keep):
                    continue
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as source, open(target, 'wb') as file:
                    shutil.copyfileobj(source, file)
                count += 1
    except FileNotFoundError as error:
        raise DataError(f'archive {archive} does not exist.') from error
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise DataError(
            f'archive {archive} cannot be extracted to {folder}: {error}. If it is damaged, load '
            'it again.'
        ) from error
    return count


def _check_limits(
    archive: str | Path, members: int, size: int, max_members: int, max_bytes: int
) -> None:
    if members > max_members or size > max_bytes:
        raise DataError(
            f'archive {archive} holds more than {max_members} entries or {max_bytes} bytes. It is '
            'not the official one.'
        )


def _is_wanted(parts: tuple[str, ...], keep: Callable[[PurePosixPath], bool]) -> bool:
    """Return whether to write an entry: no resource fork, and asked for."""
    return bool(parts) and not parts[-1].startswith('._') and keep(PurePosixPath(*parts))


def _safe_parts(archive: str | Path, name: str, is_plain: bool) -> tuple[str, ...]:
    """Return the folders and the name of an entry below the target folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or '..' in path.parts or '\\' in name or '\0' in name:
        raise DataError(
            f'archive {archive}: the entry {name!r} points outside of the target folder. Do not '
            'use this archive.'
        )
    if not is_plain:
        raise DataError(
            f'archive {archive}: the entry {name!r} is a link or a device, only files and folders '
            'are allowed. Do not use this archive.'
        )
    return path.parts
