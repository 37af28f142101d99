# SPDX-License-Identifier: Apache-2.0
import importlib.util
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import OxfordPet
from wsss.datasets.converters import convert_oxford_pet, find_problems
from wsss.datasets.converters.oxford_pet import repair_image
from wsss.errors import DataError

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'oxford_pet.py'
COUNTS = dict(trainval=3, test=2)
ROWS = dict(
    trainval=['Abyssinian_1 1 1 1', 'pug_1 26 2 18', 'pug_2 26 2 18'],
    test=['Bengal_1 6 1 2', 'boxer_7 9 2 5'],
)


def encode(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def image_files():
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    jpeg = encode(image, format='JPEG')
    return {
        'Abyssinian_1.jpg': jpeg,
        'pug_1.jpg': encode(image.convert('P'), format='GIF'),
        'pug_2.jpg': encode(image.convert('RGBA'), format='PNG'),
        'Bengal_1.jpg': encode(image.convert('L'), format='JPEG'),
        'boxer_7.jpg': jpeg + b'more',
        'unlisted_1.jpg': b'no image',
        'Abyssinian_1.mat': b'x',
        '._pug_1.jpg': b'fork',
    }


def annotation_files():
    files = {f'{split}.txt': '\n'.join(rows).encode() for split, rows in ROWS.items()}
    trimap = encode(Image.fromarray(np.full((48, 64), 2, np.uint8)), format='PNG')
    for row in sum(ROWS.values(), []):
        files[f'trimaps/{row.split()[0]}.png'] = trimap
        files[f'trimaps/._{row.split()[0]}.png'] = b'fork'
    files['xmls/pug_1.xml'] = b'<annotation/>'
    return files


def pack(path, top, files):
    with tarfile.open(path, 'w:gz') as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f'{top}/{name}')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def archives(tmp_path):
    folder = tmp_path / 'archives'
    folder.mkdir()

    def make(images=None, annotations=None):
        pack(folder / 'images.tar.gz', 'images', images or image_files())
        pack(folder / 'annotations.tar.gz', 'annotations', annotations or annotation_files())
        return folder / 'images.tar.gz', folder / 'annotations.tar.gz'

    return make


def convert(archives, target, counts=COUNTS):
    return convert_oxford_pet(*archives, target, counts, num_workers=2, progress=False)


def test_archives_become_a_data_root(archives, tmp_path):
    line = convert(archives(), tmp_path / 'pets')
    assert 'trainval 3, test 2, 5 images, 5 trimaps, 1 head boxes; 3 images were converted' in line
    images = tmp_path / 'pets' / 'images'
    assert not list((tmp_path / 'pets').rglob('._*')) and not (images / 'unlisted_1.jpg').exists()
    for path in images.glob('*.jpg'):
        with Image.open(path) as opened:
            opened.load()
            assert (opened.format, opened.mode, opened.size) == ('JPEG', 'RGB', (64, 48))
    assert (images / 'Abyssinian_1.jpg').read_bytes() == image_files()['Abyssinian_1.jpg']
    assert len(OxfordPet(str(tmp_path / 'pets'), 'trainval')) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ['archives', 'pets']


def test_complete_target_is_left_alone(archives, tmp_path):
    convert(archives(), tmp_path / 'pets')
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / 'pets').rglob('*')}
    assert 'was there already' in convert(archives(), tmp_path / 'pets')
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / 'pets').rglob('*')}


def test_empty_target_is_filled(archives, tmp_path):
    (tmp_path / 'pets').mkdir()
    convert(archives(), tmp_path / 'pets')
    assert not find_problems(tmp_path / 'pets', COUNTS)


def test_target_with_other_things_is_refused(archives, tmp_path):
    (tmp_path / 'pets').mkdir()
    (tmp_path / 'pets' / 'note.txt').write_text('mine')
    with pytest.raises(DataError, match='pets is not empty and not the whole data set'):
        convert(archives(), tmp_path / 'pets')
    assert os.listdir(tmp_path / 'pets') == ['note.txt']


def test_wrong_counts_are_refused_and_leave_nothing(archives, tmp_path):
    with pytest.raises(DataError, match='test.txt lists 2 images instead of 3669'):
        convert(archives(), tmp_path / 'pets', dict(trainval=3, test=3669))
    assert sorted(p.name for p in tmp_path.iterdir()) == ['archives']
    assert 'trainval 3' in convert(archives(), tmp_path / 'pets', None)


def test_missing_files_are_named(archives, tmp_path):
    images, annotations = image_files(), annotation_files()
    del images['pug_2.jpg'], annotations['trimaps/boxer_7.png'], annotations['trimaps/pug_1.png']
    with pytest.raises(
        DataError,
        match=r'1 files are missing in images, such as pug_2.jpg; 2 files are missing in '
        r'annotations/trimaps, such as boxer_7.png',
    ):
        convert(archives(images, annotations), tmp_path / 'pets')


@pytest.mark.parametrize('content', [b'no image', image_files()['Abyssinian_1.jpg'][:900]])
def test_unreadable_listed_image_is_refused(archives, tmp_path, content):
    images = {**image_files(), 'pug_2.jpg': content}
    with pytest.raises(DataError, match=r'1 images of the split lists cannot be decoded.*pug_2'):
        convert(archives(images), tmp_path / 'pets')
    assert not (tmp_path / 'pets').exists()


def test_find_problems_tells_of_missing_and_empty_lists(tmp_path):
    assert 'trainval.txt does not exist' in find_problems(tmp_path)[0]
    (tmp_path / 'annotations').mkdir()
    for split in ('trainval', 'test'):
        (tmp_path / 'annotations' / f'{split}.txt').write_text('# none\n')
    assert 'trainval.txt lists 0 images instead of some' in find_problems(tmp_path)


def test_converted_image_keeps_its_colours(tmp_path):
    Image.new('RGBA', (16, 16), (200, 30, 60, 255)).save(tmp_path / 'a.jpg', format='PNG')
    assert repair_image(tmp_path / 'a.jpg') == 'converted'
    assert repair_image(tmp_path / 'a.jpg') == 'ok'
    with Image.open(tmp_path / 'a.jpg') as opened:
        assert np.abs(np.asarray(opened)[8, 8].astype(int) - (200, 30, 60)).max() <= 3


# --------------------------------------------------------------------------------------- the tool
@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('oxford_pet_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tool_converts_local_archives_and_prints_one_line(tool, archives, tmp_path, capsys):
    folder = archives()[0].parent
    arguments = [str(tmp_path / 'pets'), '--archives', str(folder), '--offline', '--unofficial']
    assert tool.main(arguments) == 0
    assert capsys.readouterr().out.count('\n') == 1
    assert tool.main(arguments) == 0
    assert 'was there already' in capsys.readouterr().out


def test_tool_refuses_archives_with_other_checksums(tool, archives, tmp_path, capsys):
    folder = archives()[0].parent
    assert tool.main([str(tmp_path / 'pets'), '--archives', str(folder), '--offline']) == 1
    assert 'images.tar.gz has the MD5' in capsys.readouterr().err
    assert not (tmp_path / 'pets').exists()


def test_tool_refuses_unofficial_archives_from_the_network(tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main([str(tmp_path / 'pets'), '--unofficial'])
    assert '--unofficial needs --offline' in capsys.readouterr().err
