# SPDX-License-Identifier: Apache-2.0
"""Files are whole or absent."""

import numpy as np
import pytest
from PIL import Image

from wsss.errors import DataError
from wsss.fileio import atomic_path, read_json, write_json, write_mask


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
