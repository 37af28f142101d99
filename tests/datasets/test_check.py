# SPDX-License-Identifier: Apache-2.0
"""The report about a data set, against numbers worked out by hand."""

import json

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import FolderDataset
from wsss.datasets.check import build_splits, check_dataset, overlaps
from wsss.datasets.check_text import cooccurrence_lines, report_text
from wsss.datasets.image_io import image_size
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask

# picture -> (height, width), classes, values of the mask's rows (the rest is 0)
CONTENT = {
    'a': ((4, 6), 'cat', [1, 255]),
    'b': ((6, 4), 'cat;dog', [1, 2]),
    'c': ((8, 8), 'dog', [1]),
    'd': ((4, 4), '', None),
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'images').mkdir()
    rows = ['file,labels']
    for name, (size, labels, values) in CONTENT.items():
        Image.new('RGB', size[::-1], (90, 120, 30)).save(tmp_path / 'images' / f'{name}.png')
        rows.append(f'{name},{labels}')
        if values is not None:
            mask = np.zeros(size, np.uint8)
            mask[: len(values)] = np.asarray(values)[:, None]
            write_mask(tmp_path / 'masks' / f'{name}.png', mask)
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    return tmp_path


def folder(root, **options):
    options = dict(images='images', masks='masks', labels=dict(type='CsvLabels'), **options)
    return FolderDataset(str(root), split='all', **options)


@pytest.mark.parametrize('workers', [0, 2])
def test_the_report_counts_what_is_there(root, workers):
    done = []
    report = check_dataset(folder(root), workers, progress=lambda *numbers: done.append(numbers))
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (report['images'], report['images_with_mask'], report['images_without_class']) == (
        4,
        3,
        1,
    )
    assert report['sizes'] == {'height': [4, 5.0, 8], 'width': [4, 5.0, 8]}
    assert report['classes_per_image'] == {0: 1, 1: 2, 2: 1}
    assert [(row['name'], row['images'], row['share']) for row in report['classes']] == [
        ('cat', 2, 0.5), ('dog', 2, 0.5),
    ]  # fmt: skip
    assert report['cooccurrence'] == [[2, 1], [1, 2]]
    values = [(r['value'], r['name'], r['pixels'], r['images']) for r in report['mask_values']]
    assert values == [
        (0, 'background', 12 + 16 + 56, 3), (1, 'cat', 6 + 4 + 8, 3), (2, 'dog', 4, 1),
        (255, 'ignore', 6, 1),
    ]  # fmt: skip
    assert sum(row['share'] for row in report['mask_values']) == pytest.approx(1)
    # c is labelled dog, and its mask shows a cat
    found = report['disagreements']
    assert found['examples_labelled_without_pixels'] == ['c']
    assert found['examples_pixels_without_label'] == ['c']
    assert report['problems'] == []
    json.dumps(report)


@pytest.mark.parametrize('workers', [0, 2])
def test_every_bad_file_is_listed(root, workers):
    whole = (root / 'images' / 'a.png').read_bytes()
    (root / 'images' / 'a.png').write_bytes(whole[:40])
    (root / 'images' / 'd.png').write_text('<html>not found</html>')
    write_mask(root / 'masks' / 'b.png', np.full((6, 4), 9, np.uint8))
    write_mask(root / 'masks' / 'c.png', np.zeros((8, 7), np.uint8))
    problems = check_dataset(folder(root), workers)['problems']
    assert [row['image_id'] for row in problems] == ['a', 'b', 'c', 'd']
    texts = [row['problem'] for row in problems]
    assert 'a.png' in texts[0] and 'b.png holds the values [9]' in texts[1]
    assert '8 x 7' in texts[2] and 'd.png' in texts[3]


def test_headers_alone_show_no_damage_behind_them(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    (tmp_path / 'images').mkdir()
    Image.fromarray(noise).save(tmp_path / 'images' / 'a.jpg')
    (tmp_path / 'labels.csv').write_text('file,labels\na,cat\n')
    whole = (tmp_path / 'images' / 'a.jpg').read_bytes()
    (tmp_path / 'images' / 'a.jpg').write_bytes(whole[: len(whole) // 2])
    dataset = FolderDataset(str(tmp_path), 'all', labels=dict(type='CsvLabels'), images='images')
    report = check_dataset(dataset, 0, decode=False)
    assert report['problems'] == [] and report['sizes']['height'] == [64, 64, 64]
    assert [row['image_id'] for row in check_dataset(dataset, 0)['problems']] == ['a']


def test_boxes_outside_the_image_are_problems(root):
    annotations = dict(
        categories=[dict(id=1, name='cat')],
        images=[dict(id=1, file_name='a.png')],
        annotations=[
            dict(image_id=1, category_id=1, bbox=[0, 0, 6.4, 4]),
            dict(image_id=1, category_id=1, bbox=[2, 1, 30, 2]),
        ],
    )
    (root / 'i.json').write_text(json.dumps(annotations))
    dataset = FolderDataset(
        str(root), 'all', labels=dict(type='CocoJsonLabels', file='i.json'), images='images'
    )
    report = check_dataset(dataset, 0)
    assert report['boxes'] == 2
    (problem,) = report['problems']
    assert 'box (2.0, 1.0, 32.0, 3.0)' in problem['problem'] and '4 x 6' in problem['problem']


def test_the_size_of_a_turned_photograph_is_that_of_its_pixels(tmp_path):
    image = Image.new('RGB', (8, 4))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    assert image_size(tmp_path / 'a.jpg')[2:] == (8, 4)
    with pytest.raises(DataError, match='b.jpg cannot be read: No such file'):
        image_size(tmp_path / 'b.jpg')


def test_the_text_shows_the_whole_matrix_for_few_classes(root):
    report = check_dataset(folder(root), 0)
    report['problems'] = [dict(image_id='x', file='x.jpg', problem='image x.jpg is damaged')]
    lines = report_text('train', report).splitlines()
    assert lines[0].startswith("data.train: FolderDataset, split 'all', 4 images (1 without any")
    at = next(i for i, line in enumerate(lines) if 'images that show both' in line)
    assert [line.split() for line in lines[at + 1 : at + 4]] == [
        ['cat', 'dog'], ['cat', '2', '1'], ['dog', '1', '2'],
    ]  # fmt: skip
    assert '  PROBLEM x: image x.jpg is damaged' in lines and lines[-1] == '  1 problems'


def test_the_text_lists_the_top_pairs_of_many_classes():
    names = [f'class{i}' for i in range(13)]
    counts = np.diag(np.full(13, 10))
    for a, b, both in ((0, 1, 5), (2, 3, 8), (4, 5, 1)):
        counts[a, b] = counts[b, a] = both
    counts[3, 3] = 40
    lines = cooccurrence_lines(names, counts, 2)
    assert lines[0].strip() == 'pairs seen together most (2 of 3)'
    assert lines[2].split() == ['class2', '+', 'class3', '8', '80%', '20%']
    assert lines[3].split() == ['class0', '+', 'class1', '5', '50%', '50%']
    assert cooccurrence_lines(names, np.diag(np.ones(13, int)), 2) == [
        '  no image shows two classes'
    ]


def config(root, **splits):
    base = dict(type='wsss.FolderDataset', data_root='@data_root', images='images')
    base['labels'] = dict(type='wsss.CsvLabels')
    data = {key: dict(_ref_='@folder', split=split) for key, split in splits.items()}
    return dict(data_root=str(root), folder=base, data=dict(num_classes=2, **data))


def test_splits_come_from_the_config_and_overlaps_are_found(root):
    splits = build_splits(config(root, train='all', val='val', test='val'))
    assert splits['test'] == 'val' and len(splits['train']) == 4
    (shared,) = overlaps(splits)
    assert shared['splits'] == ['train', 'val'] and shared['images'] == len(splits['val'])
    assert overlaps(build_splits(config(root, train='train', val='val'))) == []


def test_what_cannot_be_checked_is_said(root):
    with pytest.raises(ConfigError, match="no data set data.tarin. Did you mean 'train'"):
        build_splits(config(root, train='all'), ['tarin'])
    wrong = config(root, train='all')
    wrong['data']['num_labels'] = 2
    with pytest.raises(ConfigError, match=r'data.num_labels is 2, but data.train .* has 3 classes'):
        build_splits(wrong)
    with pytest.raises(ConfigError, match='has no data sets'):
        build_splits({})
    (root / 'labels.csv').unlink()
    with pytest.raises(DataError, match='labels.csv does not exist'):
        build_splits(config(root, train='all'))
