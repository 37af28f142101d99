# SPDX-License-Identifier: Apache-2.0
"""What every registered source of superpixels must keep."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import wsss.superpixels
from wsss.errors import DataError
from wsss.registry import SUPERPIXELS, build
from wsss.superpixels import BaseSuperpixels, CachedSuperpixels

SUPERPIXELS.import_from_location()
SHAPES = ((1, 1), (1, 7), (3, 3), (24, 17))


def picture(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


@pytest.fixture(params=sorted(SUPERPIXELS.module_dict))
def source(request, tmp_path):
    if request.param == 'SEEDS' and not hasattr(cv2, 'ximgproc'):
        pytest.skip('SEEDS needs opencv-contrib-python')
    arguments = {}
    if request.param == 'RegionFiles':
        arguments = dict(folder=str(tmp_path))
        for height, width in SHAPES:
            ids = np.arange(height * width).reshape(height, width) // 5
            cv2.imwrite(str(tmp_path / f'{height}x{width}.png'), ids.astype(np.uint8))
    return build(SUPERPIXELS, dict(type=request.param, **arguments), 'superpixels')


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.superpixels.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.glob('*.py')))
    decorated = re.findall(r'@SUPERPIXELS\.register_module\(\)\nclass (\w+)', source)
    assert sorted(decorated) == sorted(SUPERPIXELS.module_dict) and decorated


@pytest.mark.parametrize('cls', SUPERPIXELS.module_dict.values())
def test_it_is_a_source_with_an_example(cls):
    assert issubclass(cls, BaseSuperpixels) and 'Example:' in cls.__doc__


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('kind', ['noise', 'black', 'white', 'grey'])
def test_ids_are_without_gaps_on_any_picture(source, shape, kind):
    image = picture(shape)
    if kind == 'grey':
        image = np.repeat(image[..., :1], 3, axis=2)
    elif kind != 'noise':
        image[:] = 255 if kind == 'white' else 0
    ids = source(image, f'{shape[0]}x{shape[1]}')
    assert ids.shape == shape and ids.dtype == np.int32
    assert np.unique(ids).tolist() == list(range(ids.max() + 1))


def test_the_image_is_not_changed_and_the_result_repeats(source):
    image = picture((24, 17))
    before = image.copy()
    image.flags.writeable = False
    first, second = source(image, '24x17'), source(image[:, ::-1][:, ::-1], '24x17')
    assert (first == second).all() and (image == before).all()


def test_other_arrays_are_refused(source):
    image = picture((24, 17))
    for wrong in (image[..., 0], image.astype(np.float32), image[:0]):
        with pytest.raises(DataError, match='uint8'):
            source(wrong, '24x17')


def test_a_cache_gives_the_same(source, tmp_path):
    if source.needs_image_id:
        pytest.skip('reads files itself')
    image = picture((24, 17))
    cached = CachedSuperpixels(source, tmp_path)
    expected = source(image)
    for _ in range(2):
        found = cached(image, 'a')
        assert (found == expected).all() and found.dtype == np.int32
    assert len(list(tmp_path.rglob('*.png'))) == 1
