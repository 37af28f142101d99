# SPDX-License-Identifier: Apache-2.0
import io
import random
import string
import tarfile

import pytest

from wsss.datasets.converters.archive import extract_tar
from wsss.errors import DataError


def random_text(length):
    return ''.join(random.Random(0).choices(string.ascii_letters, k=length))


def write_tar(path, entries):
    """Write ``(name, content or tar type, link target)`` entries."""
    with tarfile.open(path, 'w:gz') as tar:
        for name, content, *link in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.size = len(content)
                info.mode = 0o777
                tar.addfile(info, io.BytesIO(content.encode()))
            else:
                info.type = content
                info.linkname = link[0] if link else ''
                tar.addfile(info)
    return path


@pytest.fixture
def archive(tmp_path):
    return lambda *entries: write_tar(tmp_path / 'a.tar.gz', entries)


def test_files_and_folders_are_extracted_without_resource_forks(archive, tmp_path):
    path = archive(
        ('top', tarfile.DIRTYPE),
        ('./top/a.txt', 'one'),
        ('top/._a.txt', 'fork'),
        ('top/deep/b.txt', 'two'),
    )
    assert extract_tar(path, tmp_path / 'out') == 2
    files = {p.relative_to(tmp_path / 'out').as_posix() for p in (tmp_path / 'out').rglob('*.txt')}
    assert files == {'top/a.txt', 'top/deep/b.txt'}
    assert (tmp_path / 'out' / 'top' / 'a.txt').read_text() == 'one'
    assert not (tmp_path / 'out' / 'top' / 'a.txt').stat().st_mode & 0o111


@pytest.mark.parametrize(
    'entry, message',
    [
        (('/tmp/evil', 'x'), 'points outside'),
        (('../evil', 'x'), 'points outside'),
        (('a/../../evil', 'x'), 'points outside'),
        (('..\\evil', 'x'), 'points outside'),
        (('../evil', tarfile.DIRTYPE), 'points outside'),
        (('evil', tarfile.SYMTYPE, '/etc'), 'is a link or a device'),
        (('evil', tarfile.LNKTYPE, '../x'), 'is a link or a device'),
        (('evil', tarfile.FIFOTYPE), 'is a link or a device'),
        (('evil', tarfile.CHRTYPE), 'is a link or a device'),
    ],
)
def test_entries_that_reach_out_are_refused(archive, tmp_path, entry, message):
    path = archive(('fine.txt', 'x'), entry)
    with pytest.raises(DataError, match=f'a.tar.gz: the entry .*evil.* {message}'):
        extract_tar(path, tmp_path / 'out')
    assert {p.name for p in tmp_path.rglob('*')} <= {'a.tar.gz', 'out', 'fine.txt'}


def test_limits_are_kept(archive, tmp_path):
    path = archive(('a', 'x' * 10), ('b', 'x' * 10))
    with pytest.raises(DataError, match='more than 1 entries'):
        extract_tar(path, tmp_path / 'out', max_members=1)
    with pytest.raises(DataError, match='or 15 bytes'):
        extract_tar(path, tmp_path / 'out', max_bytes=15)
    assert extract_tar(path, tmp_path / 'out', max_members=2, max_bytes=20) == 2


def test_file_that_is_also_a_folder_is_refused(archive, tmp_path):
    with pytest.raises(DataError, match='cannot be extracted'):
        extract_tar(archive(('a', 'x'), ('a/b', 'x')), tmp_path / 'out')


@pytest.mark.parametrize('keep', [0, 5, 60, 2000])
def test_damaged_archives_are_named(archive, tmp_path, keep):
    path = archive(('a', 'some text'), ('b', random_text(9000)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'a.tar.gz cannot be extracted .*load it again'):
        extract_tar(path, tmp_path / 'out')


def test_missing_archive_is_named(tmp_path):
    with pytest.raises(DataError, match='b.tar.gz does not exist'):
        extract_tar(tmp_path / 'b.tar.gz', tmp_path / 'out')
