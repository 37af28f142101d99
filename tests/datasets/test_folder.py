# SPDX-License-Identifier: Apache-2.0
"""The user's own pictures: ids, splits, classes, masks, what is left out."""

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import FolderDataset
from wsss.datasets import folder as folder_module
from wsss.datasets.label_sources import FoundLabels, LabelRow, LabelSource
from wsss.datasets.pictures import list_pictures
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask
from wsss.registry import LABEL_SOURCES

LABELS = dict(type='wsss.CsvLabels', file='labels.csv')


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (8, 6), (200, 30, 30)).save(path)


@pytest.fixture
def root(tmp_path):
    rows = ['file,labels']
    for number in range(10):
        name = f'monday/{number}.jpg' if number % 2 else f'{number}.jpg'
        picture(tmp_path / 'images' / name)
        rows.append(f'{name},{"cat" if number < 6 else "dog"}')
    (tmp_path / 'labels.csv').write_text('\n'.join(rows))
    return tmp_path


def make(root, split='all', **options):
    options = {'labels': LABELS, 'images': 'images', **options}
    return FolderDataset(str(root), split=split, **options)


def ids(dataset):
    return {dataset.get_data_info(i)['image_id'] for i in range(len(dataset))}


def test_ids_are_paths_with_a_safe_separator(root):
    dataset = make(root)
    assert ids(dataset) == {'0', '2', '4', '6', '8'} | {f'monday__{n}' for n in (1, 3, 5, 7, 9)}
    assert dataset.metainfo['classes'] == ('background', 'cat', 'dog')
    assert dataset.metainfo['class_to_label'] == (1, 2)
    assert len(dataset.metainfo['palette']) == 3


@pytest.mark.parametrize('other', ['monday/1.png', 'monday__1.jpg'])
def test_two_pictures_with_one_id_are_both_named(root, other):
    picture(root / 'images' / other)
    with pytest.raises(DataError, match=r'monday.*and .*monday.*same image id .monday__1.'):
        make(root)


def test_a_path_too_long_for_a_file_name_is_refused(root):
    picture(root / 'images' / ('x' * 120) / f'{"y" * 120}.jpg')
    with pytest.raises(DataError, match='longer than 200 bytes'):
        make(root)


def test_fractions_are_stratified_disjoint_and_do_not_move(root):
    parts = {
        s: ids(make(root, s, val_fraction=0.3, test_fraction=0.2)) for s in ('train', 'val', 'test')
    }
    assert {s: len(part) for s, part in parts.items()} == {'train': 5, 'val': 3, 'test': 2}
    assert set.union(*parts.values()) == ids(make(root))
    # six cats and four dogs: half of each is trained on, as the rounding is carried along
    train = make(root, 'train', val_fraction=0.3, test_fraction=0.2)
    labels = [train.get_data_info(i)['gt_label'] for i in range(5)]
    assert sorted(labels) == [[0], [0], [0], [1], [1]]
    text = (root / 'labels.csv').read_text().splitlines()
    (root / 'labels.csv').write_text('\n'.join([text[0], *reversed(text[1:])]))
    assert ids(make(root, 'val', val_fraction=0.3, test_fraction=0.2)) == parts['val']


def test_a_list_file_is_a_split(root):
    (root / 'mine.txt').write_text('# best\nmonday/3.jpg\n\n8\nimages/0.jpg\n')
    dataset = make(root, 'mine.txt')
    assert [dataset.get_data_info(i)['image_id'] for i in range(3)] == ['monday__3', '8', '0']
    (root / 'mine.txt').write_text('0.jpg\nmonday/33.jpg\n')
    with pytest.raises(DataError, match=r"mine.txt, line 2: there is no picture 'monday/33.jpg'"):
        make(root, 'mine.txt')
    with pytest.raises(ConfigError, match="neither train, val, test, all nor .*mean 'train'"):
        make(root, 'trian')


def test_unlabelled_pictures_are_reported_and_left_out(root, monkeypatch):
    said = []
    monkeypatch.setattr(folder_module, '_warn_once', said.append)
    picture(root / 'images' / 'new.jpg')
    assert 'new' not in ids(make(root))
    assert '1 of 11 pictures' in said[0] and 'new.jpg' in said[0]
    assert 'new' in ids(make(root, unlabelled='background'))
    with pytest.raises(DataError, match='new.jpg. Label them, or set unlabelled'):
        make(root, unlabelled='error')


def test_pictures_without_a_class_are_background_or_refused(root):
    (root / 'labels.csv').write_text(
        (root / 'labels.csv').read_text().replace('0.jpg,cat', '0.jpg,')
    )
    dataset = make(root)
    assert dataset.get_data_info(0)['gt_label'] == [] and len(dataset) == 10
    assert len(make(root, no_class='leave_out')) == 9
    with pytest.raises(DataError, match='1 of 10 pictures .* show none of the classes'):
        make(root, no_class='error')


def test_another_number_of_classes_says_what_to_set(root):
    assert len(make(root, num_classes=2)) == 10
    for wrong in (dict(num_classes=5), dict(num_classes=2, num_labels=2)):
        with pytest.raises(ConfigError, match='Set data.num_classes=2 and data.num_labels=3'):
            make(root, **wrong)


def test_given_classes_fix_the_order(root):
    dataset = make(root, classes=('dog', 'cat', 'owl'))
    assert dataset.get_data_info(0)['gt_label'] == [1]
    with pytest.raises(DataError, match="line 8: unknown class 'dog'.*Did you mean 'dogs'"):
        make(root, classes=('cat', 'dogs'))
    with pytest.raises(DataError, match='cannot be the name of a class'):
        make(root, classes=('background', 'cat'), lazy_init=True)


def test_classes_are_unknown_until_the_source_is_read(root):
    dataset = make(root, lazy_init=True)
    assert dataset.metainfo['image_classes'] == ()
    dataset.full_init()
    assert dataset.metainfo['image_classes'] == ('cat', 'dog')


def test_masks_are_optional_and_their_values_can_be_named(root):
    (root / 'masks' / 'monday').mkdir(parents=True)
    mask = np.zeros((6, 8), np.uint8)
    mask[0], mask[1], mask[2] = 7, 9, 100
    write_mask(root / 'masks' / 'monday' / '1.png', mask)
    values = {0: 'background', 7: 'dog', 9: 1, 100: 'ignore'}
    dataset = make(root, masks='masks', mask_values=values)
    infos = {i['image_id']: i for i in map(dataset.get_data_info, range(10))}
    assert infos['0']['mask_path'] is None
    results = LoadMask().transform(LoadImage().transform(infos['monday__1']))
    assert results['gt_seg_map'][:4, 0].tolist() == [2, 1, 255, 0]
    with pytest.raises(ConfigError, match=r"mask_values\[7\] is 'dogs'. Did you mean 'dog'"):
        make(root, masks='masks', mask_values={7: 'dogs'})
    dataset = make(root, masks='masks', ignore_index=100)
    assert dataset.get_data_info(5)['mask_values'] == {0: 0, 1: 1, 2: 2, 100: 255}


def test_a_wrong_mask_folder_is_named(root):
    with pytest.raises(DataError, match='folder of masks .*nowhere does not exist'):
        make(root, masks='nowhere')
    (root / 'empty').mkdir()
    with pytest.raises(DataError, match='no mask of any picture.*0.png'):
        make(root, masks='empty')


def test_masks_among_the_pictures_are_no_pictures(root):
    write_mask(root / 'images' / 'masks' / '0.png', np.zeros((6, 8), np.uint8))
    dataset = make(root, masks='images/masks')
    assert len(dataset) == 10 and dataset.get_data_info(0)['mask_path'].endswith('masks/0.png')


def test_links_are_followed_once(tmp_path):
    picture(tmp_path / 'far' / '1.jpg')
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / 'far').symlink_to(tmp_path / 'far')
    (tmp_path / 'far' / 'round').symlink_to(tmp_path / 'images')
    assert list_pictures(tmp_path / 'images') == ('far/1.jpg',)


def test_boxes_come_along(root):
    xml = (
        '<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax>'
        '<ymax>3</ymax></bndbox></object></annotation>'
    )
    (root / 'xml').mkdir()
    (root / 'xml' / '0.xml').write_text(xml)
    dataset = make(root, labels=dict(type='VocXmlLabels', folder='xml'))
    assert [dataset.get_data_info(i)['boxes'] for i in range(len(dataset))] == [[(0, 0, 4, 3, 0)]]


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(labels=None), 'labels is missing'),
        (dict(labels=dict(type='CvsLabels')), "Did you mean 'CsvLabels'"),
        (dict(labels=dict(type='CsvLabels', path='x')), "has no argument 'path'"),
        (dict(unlabelled='drop'), 'unlabelled must be one of'),
        (dict(val_fraction=0.7, test_fraction=0.3), 'less than 1 together'),
    ],
)
def test_unusable_options_are_refused(root, options, message):
    with pytest.raises(ConfigError, match=message):
        make(root, lazy_init=True, **options)


def test_a_folder_without_pictures_is_named(root):
    with pytest.raises(DataError, match='does not exist'):
        make(root, images='imgs')
    (root / 'none').mkdir()
    with pytest.raises(DataError, match='holds no picture'):
        make(root, images='none')


def test_a_source_of_the_users_own_needs_one_method(root):
    class FromNames(LabelSource):
        def read(self, pictures, classes):
            return FoundLabels([LabelRow(f, [f'class{len(f)}'], f) for f in pictures.files])

    LABEL_SOURCES.register_module(module=FromNames)
    try:
        dataset = make(root, labels=dict(type='FromNames'))
    finally:
        LABEL_SOURCES.module_dict.pop('FromNames')
    assert dataset.metainfo['image_classes'] == ('class12', 'class5')
    assert [dataset.get_data_info(i)['gt_label'] for i in (0, 9)] == [[1], [0]]
