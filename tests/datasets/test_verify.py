# SPDX-License-Identifier: Apache-2.0
"""Bad files are found before a stage starts; good ones are looked at once."""

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import FolderDataset, check_files
from wsss.datasets import verify as module
from wsss.datasets.verify import require_usable, verify_files
from wsss.errors import DataError
from wsss.fileio import write_mask

CLASSES = ['x', 'y']


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    rng = np.random.default_rng(0)
    (tmp_path / 'data/images').mkdir(parents=True)
    rows = ['file,labels']
    for i in range(6):
        image = rng.integers(0, 255, (8, 9, 3)).astype(np.uint8)
        Image.fromarray(image).save(tmp_path / f'data/images/{i}.png')
        write_mask(tmp_path / f'data/masks/{i}.png', rng.integers(0, 3, (8, 9)).astype(np.uint8))
        rows.append(f'{i}.png,x')
    (tmp_path / 'data/labels.csv').write_text('\n'.join(rows))
    return tmp_path / 'data'


@pytest.fixture
def opened(monkeypatch):
    """Ids of the images whose files were decoded."""
    seen = []

    def check(info, decode=True):
        seen.append(info['image_id'])
        return check_files.check_record(info, decode)

    monkeypatch.setattr(module, 'check_record', check)
    return seen


def dataset(folder, **arguments):
    arguments = {**dict(images='images', masks='masks', split='all', classes=CLASSES), **arguments}
    return FolderDataset(str(folder), labels=dict(type='CsvLabels'), **arguments)


def test_good_files_are_decoded_once_and_changed_ones_again(folder, opened):
    assert verify_files(dataset(folder)) == [] and sorted(opened) == list('012345')
    opened.clear()
    assert verify_files(dataset(folder)) == [] and opened == []
    Image.fromarray(np.zeros((8, 9, 3), np.uint8)).save(folder / 'images/2.png')
    write_mask(folder / 'masks/4.png', np.ones((8, 9), np.uint8))
    assert verify_files(dataset(folder)) == [] and sorted(opened) == ['2', '4']


def test_bad_files_are_named_and_looked_at_every_time(folder, opened):
    (folder / 'images/1.png').write_bytes(b'')
    write_mask(folder / 'masks/3.png', np.zeros((8, 8), np.uint8))
    write_mask(folder / 'masks/5.png', np.full((8, 9), 7, np.uint8))
    for _ in range(2):
        bad = verify_files(dataset(folder))
        assert [image_id for image_id, *_ in bad] == ['1', '3', '5']
        assert bad[0][1].endswith('images/1.png') and 'is empty' in bad[0][2]
        assert bad[1][1].endswith('masks/3.png') and '8 x 8' in bad[1][2]
        assert 'values [7]' in bad[2][2]
    assert sorted(opened) == sorted('012345' + '135')


def test_masks_are_left_out_where_nobody_reads_them(folder):
    write_mask(folder / 'masks/3.png', np.zeros((8, 8), np.uint8))
    assert verify_files(dataset(folder), masks=False) == []
    assert len(verify_files(dataset(folder))) == 1


def test_other_classes_make_masks_be_looked_at_again(folder, opened):
    assert verify_files(dataset(folder, classes=['x', 'y', 'z'])) == []
    write_mask(folder / 'masks/3.png', np.full((8, 9), 3, np.uint8))
    assert verify_files(dataset(folder, classes=['x', 'y', 'z'])) == []
    opened.clear()
    assert [row[0] for row in verify_files(dataset(folder))] == ['3'] and len(opened) == 6


def test_masks_of_a_stage_are_looked_at_every_time(folder, opened, tmp_path):
    made = dataset(folder, mask_folder=str(folder / 'masks'))
    for _ in range(2):
        assert verify_files(made) == []
    assert len(opened) == 12
    (folder / 'masks/2.png').unlink()
    assert 'does not exist' in verify_files(made)[0][2]


@pytest.mark.parametrize('content', [b'', b'{', b'{}', b'[[1], null]', b'\xff\xfe'])
def test_a_damaged_cache_is_no_cache(folder, opened, content):
    verify_files(dataset(folder))
    (cache,) = (folder.parent / 'cache/wsss/verified').iterdir()
    whole = cache.read_bytes()
    cache.write_bytes(content)
    opened.clear()
    assert verify_files(dataset(folder)) == [] and len(opened) == 6
    assert cache.read_bytes() == whole


def test_the_error_names_files_and_says_what_to_do(folder):
    for i in range(6):
        (folder / f'images/{i}.png').write_bytes(b'hello')
    with pytest.raises(DataError) as error:
        require_usable(dataset(folder), 'stage classifier, train_dataloader', masks=False)
    text = str(error.value)
    assert text.startswith('stage classifier, train_dataloader') and '6 files cannot' in text
    assert all(f'images/{i}.png' in text for i in range(6)) and 'verify_files=False' in text
