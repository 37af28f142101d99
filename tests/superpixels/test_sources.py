# SPDX-License-Identifier: Apache-2.0
"""Each source of superpixels, and the cache."""

import cv2
import numpy as np
import pytest

from wsss.errors import ConfigError, DataError
from wsss.superpixels import (
    SEEDS,
    SLIC,
    BaseSuperpixels,
    CachedSuperpixels,
    Felzenszwalb,
    RegionFiles,
)


class Counted(BaseSuperpixels):
    def __init__(self, factor=1):
        self.factor = factor

    def settings(self):
        return dict(type='Counted', factor=self.factor)

    calls = 0

    def compute(self, image, image_id):
        self.calls += 1
        return image[..., 0].astype(np.int64) * self.factor


@pytest.fixture
def halves():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = (200, 40, 40)
    return image


@pytest.mark.parametrize('source', [SLIC(), Felzenszwalb()])
def test_no_region_crosses_a_sharp_edge(source, halves):
    ids = source(halves)
    assert not set(ids[:, :31].ravel()) & set(ids[:, 33:].ravel())


def test_slic_has_more_regions_in_larger_images():
    source = SLIC(num_segments=64)
    large = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8)[..., None].repeat(3, 2)
    small = large[::2, ::2]
    assert 12 <= source(small).max() + 1 <= 20 and 50 <= source(large).max() + 1 <= 80


def test_settings_hold_the_arguments_and_the_version():
    assert {'type', 'num_segments', 'compactness', 'sigma', 'skimage'} <= set(SLIC().settings())


def test_seeds_without_its_module_names_the_way_on(monkeypatch):
    monkeypatch.delattr(cv2, 'ximgproc', raising=False)
    with pytest.raises(ConfigError, match=r"opencv-contrib-python.*one folder.*type='SLIC'"):
        SEEDS()


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: SLIC(num_segments=0), 'SLIC.num_segments must be a number above 0'),
        (lambda: SLIC(compactness='x'), 'SLIC.compactness'),
        (lambda: SLIC(sigma=-1), 'SLIC.sigma must be a number of at least 0'),
        (lambda: SLIC(iterations=0), 'SLIC.iterations'),
        (lambda: Felzenszwalb(scale=float('nan')), 'Felzenszwalb.scale'),
        (lambda: RegionFiles(''), 'RegionFiles.folder'),
        (lambda: RegionFiles('a', '.jpg'), 'must end with .png or .npy'),
        (lambda: RegionFiles('a', '/x.png'), 'must end with .png or .npy'),
        (lambda: CachedSuperpixels(RegionFiles('a'), 'b'), 'take cache_dir out'),
    ],
)
def test_unusable_values_are_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()


@pytest.mark.parametrize(
    ('suffix', 'ids'),
    [
        ('.png', np.array([[7, 7, 0], [7, 255, 9]], np.uint8)),
        ('_sam.png', np.array([[700, 700, 0], [700, 65535, 701]], np.uint16)),
        ('.npy', np.array([[2**40, 2**40, -1], [2**40, 2**62, 2**41]])),
    ],
)
def test_files_of_any_ids_are_renumbered(suffix, ids, tmp_path):
    path = tmp_path / f'cat{suffix}'
    np.save(path, ids) if suffix == '.npy' else cv2.imwrite(str(path), ids)
    found = RegionFiles(str(tmp_path), suffix)(np.zeros((2, 3, 3), np.uint8), 'cat')
    assert found.tolist() == [[1, 1, 0], [1, 3, 2]]


def test_files_that_do_not_fit_are_refused_by_name(tmp_path):
    image = np.zeros((2, 3, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((3, 2), np.uint16))
    (tmp_path / 'b.png').write_bytes(b'no')
    np.save(tmp_path / 'a.npy', np.zeros((3, 2), int))
    np.save(tmp_path / 'b.npy', np.zeros((2, 3)))
    np.save(tmp_path / 'c.npy', np.zeros((900, 900), int))
    np.save(tmp_path / 'd.npy', np.array([None, {}]), allow_pickle=True)
    (tmp_path / 'e.npy').write_bytes((tmp_path / 'a.npy').read_bytes()[:-4])
    png, npy = RegionFiles(str(tmp_path)), RegionFiles(str(tmp_path), '.npy')
    for source, name, said in (
        (png, 'a', 'is 3 x 2'),
        (png, 'b', 'not a readable image'),
        (png, 'c', 'does not exist'),
        (npy, 'a', 'is 3 x 2'),
        (npy, 'b', 'cannot be used'),
        (npy, 'c', 'bytes'),
        (npy, 'd', 'cannot be used'),
        (npy, 'e', 'cannot be used'),
        (npy, 'f', 'No such file'),
    ):
        with pytest.raises(DataError, match=f"region map of image '{name}'.*{said}"):
            source(image, name)
    with pytest.raises(DataError, match='cannot name a file'):
        png(image, '../a')
    with pytest.raises(DataError, match='needs the id'):
        png(image)


def test_a_source_that_returns_something_else_is_told():
    class Wrong(BaseSuperpixels):
        def compute(self, image, image_id):
            return np.zeros((2, 2))

    with pytest.raises(TypeError, match='Wrong.compute must return integers'):
        Wrong()(np.zeros((2, 2, 3), np.uint8))


def test_the_cache_computes_once_for_a_setting_and_a_picture(tmp_path):
    image, other = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 3, np.uint8)
    other[0] = 1
    source = Counted()
    cached = CachedSuperpixels(source, tmp_path)
    for _ in range(2):
        assert cached(image, 'a').max() == 0
    assert source.calls == 1
    assert cached(other, 'a').max() == 1 and cached(other, 'a').max() == 1
    assert source.calls == 2
    assert CachedSuperpixels(Counted(2), tmp_path).path(image, 'a') != cached.path(image, 'a')
    assert CachedSuperpixels(Counted(), tmp_path).path(image, 'a') == cached.path(image, 'a')
    assert not list(tmp_path.rglob('*.part'))


@pytest.mark.parametrize('damage', ['cut', 'flipped', 'size', 'text'])
def test_a_damaged_file_of_the_cache_is_made_again(damage, tmp_path):
    image = np.random.default_rng(0).integers(0, 9, (16, 16, 3)).astype(np.uint8)
    cached = CachedSuperpixels(Counted(), tmp_path)
    expected, path = cached(image, 'a'), cached.path(image, 'a')
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes({
        'cut': whole[:middle],
        'flipped': whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        'size': cv2.imencode('.png', np.zeros((3, 3), np.uint16))[1].tobytes(),
        'text': b'no',
    }[damage])  # fmt: skip
    assert (cached(image, 'a') == expected).all()
    assert path.read_bytes() == whole


def test_a_cache_needs_an_id_and_room_for_the_ids(tmp_path):
    class Pixels(BaseSuperpixels):
        def compute(self, image, image_id):
            return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])

    cached = CachedSuperpixels(Pixels(), tmp_path)
    with pytest.raises(DataError, match='needs the id'):
        cached(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match='65792 regions, a cache takes 65536'):
        cached(np.zeros((256, 257, 3), np.uint8), 'a')
    assert cached(np.zeros((256, 256, 3), np.uint8), 'a').max() == 65535
    assert cached(np.zeros((256, 256, 3), np.uint8), 'a').max() == 65535
