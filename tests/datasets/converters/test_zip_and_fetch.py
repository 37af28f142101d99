# SPDX-License-Identifier: Apache-2.0
"""Zip archives that mean harm, and where archives come from."""

import argparse
import hashlib
import stat
import zipfile
from pathlib import Path

import pytest

from wsss.datasets.converters.archive import extract_tar, extract_zip
from wsss.datasets.converters.fetch import (
    add_archive_arguments,
    make_fetch,
    parse_archive_arguments,
)
from wsss.errors import DataError


@pytest.fixture
def archive(tmp_path):
    def write(*entries):
        with zipfile.ZipFile(tmp_path / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as opened:
            for name, content, *mode in entries:
                info = zipfile.ZipInfo(name)
                info.external_attr = mode[0] << 16 if mode else 0
                opened.writestr(info, content)
        return tmp_path / 'a.zip'

    return write


def test_files_are_extracted_without_resource_forks_and_modes(archive, tmp_path):
    path = archive(
        ('top/', ''),
        ('top/a.txt', 'one', stat.S_IFREG | 0o777),
        ('top/._a.txt', 'fork'),
        ('top/deep/b.txt', 'two'),
    )
    assert extract_zip(path, tmp_path / 'out') == 2
    files = {p.relative_to(tmp_path / 'out').as_posix() for p in (tmp_path / 'out').rglob('*.txt')}
    assert files == {'top/a.txt', 'top/deep/b.txt'}
    assert (tmp_path / 'out' / 'top' / 'a.txt').read_text() == 'one'
    assert not (tmp_path / 'out' / 'top' / 'a.txt').stat().st_mode & 0o111


@pytest.mark.parametrize(
    ('name', 'mode', 'words'),
    [
        ('/tmp/evil', 0, 'points outside'),
        ('../evil', 0, 'points outside'),
        ('a/../../evil', 0, 'points outside'),
        ('..\\evil', 0, 'points outside'),
        ('../evil/', 0, 'points outside'),
        ('evil', stat.S_IFLNK | 0o777, 'is a link or a device'),
        ('evil', stat.S_IFCHR, 'is a link or a device'),
        ('evil', stat.S_IFIFO, 'is a link or a device'),
    ],
)
def test_entries_that_reach_out_are_refused(archive, tmp_path, name, mode, words):
    path = archive(('fine.txt', 'x'), (name, '/etc', mode))
    with pytest.raises(DataError, match=f'a.zip: the entry .*evil.* {words}'):
        extract_zip(path, tmp_path / 'out')
    assert {p.name for p in tmp_path.rglob('*')} <= {'a.zip', 'out', 'fine.txt'}


def test_limits_are_kept(archive, tmp_path):
    path = archive(('a', 'x' * 10), ('b', 'x' * 10))
    with pytest.raises(DataError, match='more than 1 entries'):
        extract_zip(path, tmp_path / 'out', max_members=1)
    with pytest.raises(DataError, match='or 15 bytes'):
        extract_zip(path, tmp_path / 'out', max_bytes=15)
    assert extract_zip(path, tmp_path / 'out', max_members=2, max_bytes=20) == 2


def test_a_table_that_lies_about_a_size_does_not_unpack_more(archive, tmp_path):
    path = archive(('a', b'\0' * 1_000_000))
    content = bytearray(path.read_bytes())
    at = content.index(b'PK\1\2') + 24
    content[at : at + 4] = (100).to_bytes(4, 'little')
    path.write_bytes(content)
    with pytest.raises(DataError, match='a.zip cannot be extracted'):
        extract_zip(path, tmp_path / 'out', max_bytes=1000)
    assert sum(p.stat().st_size for p in (tmp_path / 'out').iterdir()) <= 100


@pytest.mark.parametrize('keep', [0, 5, 40, 90])
def test_damaged_archives_are_named(archive, tmp_path, keep):
    path = archive(('a', 'some text'), ('b', 'more'))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r'a.zip cannot be extracted .*load it again'):
        extract_zip(path, tmp_path / 'out')


def test_changed_bytes_and_encryption_are_refused(archive, tmp_path):
    path = archive(('a', 'some text that is long enough to be changed'))
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    with pytest.raises(DataError, match='a.zip cannot be extracted'):
        extract_zip(path, tmp_path / 'out')
    locked = bytearray(whole)
    for mark, offset in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        locked[locked.index(mark) + offset] |= 1
    path.write_bytes(locked)
    with pytest.raises(DataError, match='a.zip cannot be extracted.*encrypted'):
        extract_zip(path, tmp_path / 'out')


def test_missing_archives_are_named(tmp_path):
    for extract in (extract_zip, extract_tar):
        with pytest.raises(DataError, match='b.zip does not exist'):
            extract(tmp_path / 'b.zip', tmp_path / 'out')


# ------------------------------------------------------------------------------------------- fetch
def parse(*arguments, **options):
    parser = argparse.ArgumentParser()
    parser.add_argument('target', type=Path)
    add_archive_arguments(parser, 'x.zip', 'http://example.org/', **options)
    return parse_archive_arguments(parser, [str(a) for a in arguments])


def test_archives_lie_beside_the_target_by_default(tmp_path):
    assert parse(tmp_path / 'voc').archives == tmp_path / 'downloads'
    assert parse(tmp_path / 'voc', '--workers', 3).num_workers == 3
    assert not hasattr(parse(tmp_path / 'voc', num_workers=None), 'num_workers')


@pytest.mark.parametrize('arguments', [['--unofficial'], ['--num-workers', '0']])
def test_arguments_that_do_not_fit_are_refused(tmp_path, arguments, capsys):
    with pytest.raises(SystemExit):
        parse(tmp_path, *arguments)
    assert arguments[0] in capsys.readouterr().err


def test_local_archives_are_checked_unless_told_otherwise(tmp_path):
    (tmp_path / 'x.zip').write_bytes(b'content')
    right = hashlib.md5(b'content').hexdigest()
    arguments = [tmp_path / 'voc', '--archives', tmp_path, '--offline']
    for md5 in (right, None):
        assert make_fetch(parse(*arguments), {'x.zip': ('x', md5)})('x.zip').is_file()
    with pytest.raises(DataError, match='x.zip has the MD5'):
        make_fetch(parse(*arguments), {'x.zip': ('x', '0' * 32)})('x.zip')
    unofficial = parse(*arguments, '--unofficial')
    assert make_fetch(unofficial, {'x.zip': ('x', '0' * 32)})('x.zip').is_file()
    with pytest.raises(DataError, match='y.zip does not exist'):
        make_fetch(unofficial, {'y.zip': ('y', None)})('y.zip')


def test_online_an_archive_that_is_there_is_not_loaded_again(tmp_path):
    (tmp_path / 'x.zip').write_bytes(b'content')
    args = parse(tmp_path / 'voc', '--archives', tmp_path)
    assert make_fetch(args, {'x.zip': ('x', None)})('x.zip') == tmp_path / 'x.zip'
