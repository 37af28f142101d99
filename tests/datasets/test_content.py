# SPDX-License-Identifier: Apache-2.0
"""Changed content is seen whatever size and time say; copies and touches change nothing."""

import hashlib
import json
import os
import shutil
import time

import pytest

from wsss.datasets import content
from wsss.datasets.content import ContentDigests


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache/wsss/digests'


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of two files that were settled long ago, as far as the clock says."""
    folder = tmp_path / 'data'
    folder.mkdir()
    (folder / 'a').write_bytes(b'one')
    (folder / 'b').write_bytes(b'two')
    now = time.time_ns
    monkeypatch.setattr(content.time, 'time_ns', lambda: now() + 60 * 10**9)
    return folder


@pytest.fixture
def read(monkeypatch):
    """Names of the files that were read."""
    names, usual = [], content.file_digest
    monkeypatch.setattr(
        content, 'file_digest', lambda path: names.append(os.path.basename(path)) or usual(path)
    )
    return names


def of(root, *names):
    return ContentDigests(root).of([str(root / name) for name in names])


def test_digests_are_those_of_the_bytes(root):
    expected = [hashlib.sha256(text).hexdigest()[:16] for text in (b'one', b'two')]
    assert of(root, 'a', 'b', 'a') == [*expected, expected[0]]
    assert ContentDigests(root).of([None, str(root / 'none')]) == ['none', 'missing']


def test_a_second_look_reads_nothing(root, read):
    first = of(root, 'a', 'b')
    assert sorted(read) == ['a', 'b']
    assert of(root, 'a', 'b') == first and len(read) == 2


def test_changed_content_is_seen_at_equal_size_and_modification_time(root, read):
    before = of(root, 'a', 'b')
    stat = os.stat(root / 'a')
    time.sleep(0.02)  # the coarse clock of file systems
    (root / 'a').write_bytes(b'ONE')
    os.utime(root / 'a', ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = of(root, 'a', 'b')
    assert after[0] != before[0] and after[1] == before[1]
    assert sorted(read) == ['a', 'a', 'b']


def test_touched_and_copied_files_have_the_same_digests(root, read, tmp_path):
    before = of(root, 'a', 'b')
    os.utime(root / 'a')
    assert of(root, 'a', 'b') == before
    shutil.copytree(root, tmp_path / 'copy')
    assert of(tmp_path / 'copy', 'a', 'b') == before


def test_a_file_of_just_now_is_not_remembered(root, read, monkeypatch):
    monkeypatch.setattr(content, 'GRAIN_NS', 10**15)
    of(root, 'a')
    of(root, 'a')
    assert read == ['a', 'a']


@pytest.mark.parametrize('damage', ['{', '[]', '{"a": 1}', '{"a": [1, 2, 3, 4, "x"]}'])
def test_a_damaged_cache_is_no_harm(root, cache, damage):
    before = of(root, 'a')
    (path,) = cache.iterdir()
    assert list(json.loads(path.read_text())) == ['a']
    path.write_text(damage)
    assert of(root, 'a') == before


def test_without_a_place_for_the_cache_files_are_read_each_time(root, read, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert of(root, 'a') == of(root, 'a')
    assert read == ['a', 'a']
