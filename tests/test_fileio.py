# SPDX-License-Identifier: Apache-2.0
"""Files are whole or absent."""

import errno
import os

import numpy as np
import pytest
from PIL import Image

from wsss import fileio
from wsss.errors import DataError, StorageError
from wsss.fileio import (
    atomic_path,
    read_json,
    remove_parts,
    remove_trash,
    remove_tree,
    write_json,
    write_mask,
)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), atomic_path(path) as part:
        part.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('colours', [None, 3, 16, 21, 256])
def test_mask_ids_survive_any_palette(tmp_path, colours):
    mask = np.array([[0, 1, 2], [20, 254, 255]], np.uint8)
    palette = None if colours is None else [[i % 256] * 3 for i in range(colours)]
    write_mask(tmp_path / 'm.png', mask, palette)
    with Image.open(tmp_path / 'm.png') as image:
        assert image.mode == 'P'
        assert np.array_equal(np.asarray(image), mask)


@pytest.mark.parametrize('bad', [np.zeros((2, 2), np.int64), np.zeros((2, 2, 3), np.uint8)])
def test_other_arrays_are_no_masks(tmp_path, bad):
    with pytest.raises(ValueError, match='uint8'):
        write_mask(tmp_path / 'm.png', bad)


def test_broken_json_is_named(tmp_path):
    path = tmp_path / 'r.json'
    write_json(path, dict(a=1))
    assert read_json(path) == dict(a=1)
    path.write_text('{')
    with pytest.raises(DataError, match='r.json'):
        read_json(path, 'record')
    with pytest.raises(DataError, match='does not exist'):
        read_json(tmp_path / 'none.json')


def full(error_number=errno.ENOSPC):
    raise OSError(error_number, os.strerror(error_number))


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_closed_disk_is_named_and_leaves_the_old_file(tmp_path, number):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(StorageError) as error, atomic_path(path) as part:
        part.write_text('half')
        full(number)
    message = str(error.value)
    assert str(path) in message and os.strerror(number) in message and 'start again' in message
    assert ('MB are free' in message) == (number == errno.ENOSPC)
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_other_errors_of_the_system_stay_what_they_are(tmp_path):
    with pytest.raises(ConnectionResetError), atomic_path(tmp_path / 'a'):
        raise ConnectionResetError(errno.ECONNRESET, 'reset')


def test_left_over_parts_are_removed_and_nothing_else(tmp_path):
    kept = ['a.txt', '.hidden', 'x.part', '.a.part', 'sub/.b.c.part']
    gone = ['.a.txt.17.part', 'sub/.b.png.4.part']
    (tmp_path / 'sub').mkdir()
    for name in kept + gone:
        (tmp_path / name).write_text('')
    assert remove_parts(tmp_path) == 2
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob('*') if p.is_file()}
    assert left == {*kept}


def test_a_tree_goes_in_one_step_and_a_killed_removal_is_finished(tmp_path, monkeypatch):
    folder = tmp_path / 'stage'
    (folder / 'scores').mkdir(parents=True)
    monkeypatch.setattr(fileio.shutil, 'rmtree', lambda path: full())
    with pytest.raises(OSError):
        remove_tree(folder)
    assert not folder.exists() and len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    remove_trash(tmp_path)
    assert not list(tmp_path.iterdir())
    remove_tree(folder)
