# SPDX-License-Identifier: Apache-2.0
"""Pictures of every kind come out right, or are refused by name: the same through all loaders."""

import cv2
import numpy as np
import pytest
from PIL import Image

from wsss.datasets.check_files import check_record
from wsss.datasets.image_io import image_size, read_image
from wsss.datasets.mask_io import read_index, read_mask
from wsss.datasets.transforms import LoadImage
from wsss.errors import DataError

# four quarters, each of one colour; the colours are grey where the kind has none
COLOURS = np.array([[(220, 30, 30), (30, 220, 30)], [(30, 30, 220), (200, 200, 60)]], np.uint8)
GREYS = np.array([[(0,) * 3, (255,) * 3], [(255,) * 3, (0,) * 3]], np.uint8)
LEVELS = np.array([[(20,) * 3, (90,) * 3], [(180,) * 3, (250,) * 3]], np.uint8)
SCALE = np.ones((16, 24, 1), np.uint8)


def quarters(colours):
    return np.kron(colours, SCALE)


RGB, BLACK_WHITE, GREY = quarters(COLOURS), quarters(GREYS), quarters(LEVELS)
SIZE = RGB.shape[:2]


def pillow(array, mode='RGB', **options):
    def write(path):
        image = Image.fromarray(array)
        # its own palette, not the general one with its dithering
        image = image.quantize(16, dither=0) if mode == 'P' else image.convert(mode)
        image.save(path, **options)

    return write


def with_alpha(array):
    return np.dstack([array, np.zeros(SIZE, np.uint8)])


def sixteen(array, suffix):
    """Write 16 bits for each value, the lower eight unlike the upper ones."""
    wide = array.astype(np.uint16) * 256 + 77

    def write(path):
        path.write_bytes(cv2.imencode(suffix, wide)[1].tobytes())

    return write


def turned(suffix, orientation):
    """Write the picture lying on its side, with the tag that says how to put it up."""
    lying = {3: RGB[::-1, ::-1], 6: np.rot90(RGB), 8: np.rot90(RGB, -1), 5: RGB.swapaxes(0, 1)}
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = dict(lossless=True) if suffix == 'webp' else {}

    def write(path):
        array = np.ascontiguousarray(lying[orientation])
        Image.fromarray(array).save(path, exif=exif, **lossless)

    return write


KINDS = {
    'rgb.png': (pillow(RGB), RGB),
    'rgb.jpg': (pillow(RGB, quality=95), RGB),
    'progressive.jpg': (pillow(RGB, quality=95, progressive=True), RGB),
    'rgb.bmp': (pillow(RGB), RGB),
    'rgb.tif': (pillow(RGB), RGB),
    'rgb.webp': (pillow(RGB, lossless=True), RGB),
    'rgb.gif': (pillow(RGB, 'P'), RGB),
    'rgb.ppm': (pillow(RGB), RGB),
    'cmyk.jpg': (pillow(RGB, 'CMYK', quality=95), RGB),
    'cmyk.tif': (pillow(RGB, 'CMYK'), RGB),
    'grey.png': (pillow(GREY, 'L'), GREY),
    'grey.jpg': (pillow(GREY, 'L'), GREY),
    'grey.tif': (pillow(GREY, 'L'), GREY),
    'grey_alpha.png': (pillow(GREY, 'LA'), GREY),
    'grey_alpha.tif': (pillow(GREY, 'LA'), GREY),
    'one_bit.png': (pillow(BLACK_WHITE, '1'), BLACK_WHITE),
    'one_bit.tif': (pillow(BLACK_WHITE, '1'), BLACK_WHITE),
    'palette.png': (pillow(RGB, 'P'), RGB),
    'palette.tif': (pillow(RGB, 'P'), RGB),
    'palette_clear.png': (pillow(RGB, 'P', transparency=bytes(256)), RGB),
    'palette_clear.gif': (pillow(RGB, 'P', transparency=0), RGB),
    'clear.png': (pillow(with_alpha(RGB), 'RGBA'), RGB),
    'clear.tif': (pillow(with_alpha(RGB), 'RGBA'), RGB),
    'clear.webp': (pillow(with_alpha(RGB), 'RGBA', lossless=True, exact=True), RGB),
    'grey16.png': (sixteen(GREY[..., 0], '.png'), GREY),
    'grey16.tif': (sixteen(GREY[..., 0], '.tif'), GREY),
    'rgb16.png': (sixteen(RGB[..., ::-1], '.png'), RGB),
    'rgb16.tif': (sixteen(RGB[..., ::-1], '.tif'), RGB),
    'phone.jpg': (
        pillow(RGB, format='MPO', save_all=True, append_images=[Image.new('RGB', (9, 9))]),
        RGB,
    ),
    **{
        f'turned{o}.{suffix}': (turned(suffix, o), RGB)
        for o in (3, 5, 6, 8)
        for suffix in ('jpg', 'png', 'tif', 'webp')
    },
}
# JPEG rounds, and so do palettes; OpenCV scales the 16 bits of a TIFF and cuts those of a PNG
ROOM = {'palette': 4, 'gif': 4, 'jpg': 12, 'rgb16.tif': 1}


def inner(array):
    """Return the quarters without the pixels along their edges."""
    return np.stack([array[y : y + 8, x : x + 16] for y in (4, 20) for x in (4, 28)]).astype(int)


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_comes_out_right(tmp_path, kind):
    write, wanted = KINDS[kind]
    write(tmp_path / kind)
    image = read_image(tmp_path / kind)
    assert image.dtype == np.uint8 and image.shape == wanted.shape and image.flags.writeable
    room = max((value for word, value in ROOM.items() if word in kind), default=0)
    assert np.abs(inner(image) - inner(wanted)).max() <= room
    assert image_size(tmp_path / kind)[2:] == SIZE


@pytest.mark.parametrize('kind', KINDS)
def test_all_loaders_see_the_same(tmp_path, kind):
    KINDS[kind][0](tmp_path / kind)
    info = dict(
        image_id='a', img_path=str(tmp_path / kind), mask_path=None, mask_values=None, boxes=[],
        num_labels=3, gt_label=[0], held_out=False,
    )  # fmt: skip
    image = LoadImage()(dict(info))['img']
    assert (image == read_image(tmp_path / kind)).all()
    for decode in (True, False):
        facts = check_record(info, decode)
        assert facts.size == image.shape[:2] and not facts.problems


REFUSED = {
    'float.tif': (lambda p: Image.fromarray(GREY[..., 0].astype(np.float32)).save(p), 'mode F'),
    'int32.tif': (lambda p: Image.fromarray(GREY[..., 0].astype(np.int32)).save(p), 'mode I'),
    'lab.tif': (pillow(RGB, 'LAB'), 'mode LAB'),
    **{
        f'film.{suffix}': (
            pillow(RGB, save_all=True, append_images=[Image.fromarray(GREY)]),
            'several pictures',
        )
        for suffix in ('gif', 'png', 'tif', 'webp')
    },
    'script.eps': (lambda p: Image.fromarray(RGB).save(p), 'not a readable image'),
    'drawing.svg': (lambda p: p.write_text('<svg width="9" height="9"/>'), 'not a readable image'),
}


@pytest.mark.parametrize('kind', REFUSED)
def test_what_cannot_be_right_is_refused_by_name(tmp_path, kind):
    write, words = REFUSED[kind]
    write(tmp_path / kind)
    for read in (read_image, image_size, read_index):
        with pytest.raises(DataError, match=f'{kind}.*{words}'):
            read(tmp_path / kind)


def test_a_postscript_file_behind_another_name_starts_no_interpreter(tmp_path, monkeypatch):
    """Pillow hands PostScript to Ghostscript, which runs it."""
    Image.fromarray(RGB).save(tmp_path / 'a.eps')
    (tmp_path / 'a.eps').rename(tmp_path / 'a.jpg')
    monkeypatch.setattr('PIL.EpsImagePlugin.Ghostscript', pytest.fail)
    with pytest.raises(DataError, match='a.jpg is not a readable image'):
        read_image(tmp_path / 'a.jpg')


# ---------------------------------------------------------------------------------------- masks
def ids(depth):
    return (np.arange(16 * 24) % 2**depth).astype(np.uint8).reshape(16, 24)


@pytest.mark.parametrize('depth', [1, 2, 4, 8])
@pytest.mark.parametrize('mode', ['L', 'P'])
def test_ids_of_any_depth_come_back(tmp_path, mode, depth):
    """Grey of 2 and 4 bits is stretched to 0..255 by readers of pictures."""
    import struct
    import zlib

    mask = ids(depth)
    rows = np.unpackbits(mask[..., None], axis=2)[..., -depth:].reshape(16, -1)
    packed = np.packbits(rows, axis=1)
    body = b''.join(b'\0' + row.tobytes() for row in packed)

    def chunk(kind, data):
        return (
            struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        )

    palette = chunk(b'PLTE', bytes(3 * 2**depth)) if mode == 'P' else b''
    head = struct.pack('>IIBBBBB', 24, 16, depth, dict(L=0, P=3)[mode], 0, 0, 0)
    (tmp_path / 'm.png').write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + palette
        + chunk(b'IDAT', zlib.compress(body)) + chunk(b'IEND', b'')
    )  # fmt: skip
    assert (read_index(tmp_path / 'm.png') == mask).all()


@pytest.mark.parametrize('suffix', ['png', 'bmp', 'tif', 'gif'])
def test_lossless_masks_keep_their_ids(tmp_path, suffix):
    Image.fromarray(ids(2)).save(tmp_path / f'm.{suffix}')
    assert (read_mask(tmp_path / f'm.{suffix}', 4) == ids(2)).all()


@pytest.mark.parametrize(
    ('name', 'write', 'words'),
    [
        ('m.jpg', lambda p: Image.fromarray(ids(2)).save(p), 'is a JPEG, which changes ids'),
        ('m.png', lambda p: Image.fromarray(RGB).save(p), 'mode RGB'),
        ('m.png', lambda p: Image.fromarray(ids(2)).convert('LA').save(p), 'mode LA'),
        ('m.png', lambda p: Image.fromarray(ids(2).astype(np.uint16)).save(p), 'mode I;16'),
        ('m.png', turned('png', 6), 'mode RGB'),
    ],
)
def test_what_is_no_label_map_is_refused_by_name(tmp_path, name, write, words):
    write(tmp_path / name)
    with pytest.raises(DataError, match=f'{name}.*{words}'):
        read_mask(tmp_path / name, 4)


def test_a_mask_on_its_side_is_refused(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ids(2)).save(tmp_path / 'm.png', exif=exif)
    with pytest.raises(DataError, match='m.png is to be turned'):
        read_mask(tmp_path / 'm.png', 4)
