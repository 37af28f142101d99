# SPDX-License-Identifier: Apache-2.0
"""Images and masks are read right or refused by name."""

import io

import numpy as np
import pytest
from PIL import Image

from wsss.datasets.image_io import read_image
from wsss.datasets.mask_io import read_mask
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask

RED = (255, 0, 0)  # in the web palette, so that no picture is dithered


def picture(size=(6, 4), mode='RGB', colour=RED):
    return Image.new('RGB', size, colour).convert(mode)


@pytest.mark.parametrize(
    ('mode', 'suffix'),
    [('RGB', 'png'), ('P', 'png'), ('RGBA', 'png'), ('RGB', 'jpg'), ('P', 'gif')],
)
def test_pictures_of_any_kind_come_as_rgb(tmp_path, mode, suffix):
    path = tmp_path / f'a.{suffix}'
    picture(mode=mode).save(path)
    image = read_image(path)
    assert image.shape == (4, 6, 3) and image.dtype == np.uint8 and image.flags.writeable
    assert np.abs(image.astype(int) - RED).max() <= 12


def test_gif_content_in_a_jpg_file_is_read(tmp_path):
    buffer = io.BytesIO()
    picture().save(buffer, format='GIF')
    (tmp_path / 'a.jpg').write_bytes(buffer.getvalue())
    assert np.abs(read_image(tmp_path / 'a.jpg').astype(int) - RED).max() <= 12


def test_exif_orientation_is_applied(tmp_path):
    image = picture()
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    assert read_image(tmp_path / 'a.jpg').shape == (6, 4, 3)


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
@pytest.mark.parametrize('damage', ['empty', 'text', 'half', 'zeros'])
def test_damaged_images_are_named(tmp_path, suffix, damage, capfd):
    path = tmp_path / f'a.{suffix}'
    noise = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(
        dict(empty=b'', text=b'hello', half=whole[:half], zeros=whole[:half] + bytes(half))[damage]
    )
    if suffix == 'jpg' and damage == 'zeros':
        pytest.skip('a JPEG has no check sums: zeros decode as grey')
    with pytest.raises(DataError, match=rf"image 'x' \(.*a.{suffix}\)"):
        read_image(path, 'x')


def test_a_missing_image_and_a_giant_are_refused(tmp_path):
    with pytest.raises(DataError, match='No such file'):
        read_image(tmp_path / 'none.png')
    Image.new('1', (3000, 3000)).save(tmp_path / 'big.png')
    with pytest.raises(DataError, match='3000 x 3000 pixels, more than the 1000 allowed'):
        LoadImage(max_pixels=1000)({'img_path': str(tmp_path / 'big.png')})


def mask_file(tmp_path, mask):
    path = tmp_path / 'm.png'
    write_mask(path, np.asarray(mask, np.uint8))
    return path


def test_mask_values_are_translated(tmp_path):
    path = mask_file(tmp_path, [[1, 2, 3]])
    assert read_mask(path, 4, values={1: 3, 2: 0, 3: 255}).tolist() == [[3, 0, 255]]


@pytest.mark.parametrize(
    ('mask', 'size', 'words'),
    [
        ([[0, 7]], None, r'values \[7\]; allowed are \[0, 1, 2, 255\]'),
        ([[0, 1]], (2, 2), r'is 1 x 2 .* its image is 2 x 2'),
    ],
)
def test_masks_that_do_not_fit_are_named(tmp_path, mask, size, words):
    with pytest.raises(DataError, match=words) as error:
        read_mask(mask_file(tmp_path, mask), 3, size, image_id='cat')
    assert "'cat'" in str(error.value) and 'm.png' in str(error.value)


def test_colour_missing_and_damaged_masks_are_named(tmp_path):
    picture().save(tmp_path / 'rgb.png')
    with pytest.raises(DataError, match='mode RGB'):
        read_mask(tmp_path / 'rgb.png', 3)
    with pytest.raises(DataError, match='does not exist'):
        read_mask(tmp_path / 'none.png', 3)
    path = mask_file(tmp_path, np.random.default_rng(0).integers(0, 3, (40, 50)))
    whole = path.read_bytes()
    for content in (b'', whole[:-60], whole[:400] + b'\0\0' + whole[402:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match='m.png is (damaged|empty|not a readable image)'):
            read_mask(path, 3)


def test_an_image_without_mask_is_an_error_unless_optional():
    sample = {'image_id': 'a', 'mask_path': None}
    assert 'gt_seg_map' not in LoadMask(optional=True)(dict(sample))
    with pytest.raises(DataError, match="'a' has no mask"):
        LoadMask()(sample)


def test_an_image_is_squashed_as_if_the_data_set_had_that_size(tmp_path):
    path = tmp_path / 'a.png'
    Image.fromarray(np.repeat(np.array([[0, 100, 200, 40]], np.uint8), 3).reshape(1, 4, 3)).save(
        path
    )
    results = LoadImage(size=(2, 2))(dict(img_path=str(path), image_id='a'))
    assert results['ori_shape'] == results['img_shape'] == (2, 2)
    # averaged, not picked
    assert 0 < results['img'][0, 0, 0] < 100 and results['img'].dtype == np.uint8
    with pytest.raises(ConfigError, match=r'LoadImage.size'):
        LoadImage(size=256)
