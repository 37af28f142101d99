# SPDX-License-Identifier: Apache-2.0
import json
import os

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import OxfordPet
from wsss.datasets.oxford_pet import tight_box
from wsss.datasets.oxford_pet_lists import BREEDS, breed_of_name, read_rows, species_of
from wsss.datasets.palette import make_palette
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError
from wsss.registry import DATASETS

# (name, class id, species): 20 of one cat, 20 of one dog, and two for test
TRAINVAL = [(f'Abyssinian_{i}', 1, 1) for i in range(20)]
TRAINVAL += [(f'pug_{i}', 26, 2) for i in range(20)]
TEST = [('Bengal_1', 6, 1), ('boxer_7', 9, 2)]
XML = (
    '<annotation><size><width>8</width><height>6</height></size><object><name>cat</name>'
    '<bndbox><xmin>3</xmin><ymin>1</ymin><xmax>6</xmax><ymax>4</ymax></bndbox></object></annotation>'
)


def write_list(path, rows):
    path.write_text('# a comment\n' + ''.join(f'{n} {c} {s} 1\n' for n, c, s in rows))


@pytest.fixture
def pets(tmp_path):
    root = tmp_path / 'pets'
    (root / 'images').mkdir(parents=True)
    for part in ('trimaps', 'xmls'):
        (root / 'annotations' / part).mkdir(parents=True)
    trimap = np.full((6, 8), 2, np.uint8)
    trimap[1:5, 2:7] = 3
    trimap[2:4, 3:6] = 1
    for name, _, _ in TRAINVAL + TEST:
        Image.new('RGB', (8, 6)).save(root / 'images' / f'{name}.jpg')
        Image.fromarray(trimap).save(root / 'annotations' / 'trimaps' / f'{name}.png')
    (root / 'annotations' / 'xmls' / 'Abyssinian_0.xml').write_text(XML)
    write_list(root / 'annotations' / 'trainval.txt', TRAINVAL)
    write_list(root / 'annotations' / 'test.txt', TEST)
    return root


def ids(dataset):
    return [dataset.get_data_info(i)['image_id'] for i in range(len(dataset))]


def held_out(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {info['image_id'] for info in infos if info['held_out']}


# ---------------------------------------------------------------------------------------- breeds
def test_breeds_are_12_cats_and_25_dogs_in_official_order():
    cats = [i for i in range(37) if species_of(i) == 0]
    assert len(BREEDS) == len(set(BREEDS)) == 37
    # 0-based ids of the cats as they are published
    assert cats == [0, 5, 6, 7, 9, 11, 20, 23, 26, 27, 32, 33]
    # case-insensitively alphabetical, as the class ids of the release are
    assert [b.lower() for b in BREEDS] == sorted(b.lower() for b in BREEDS)


def test_breed_of_name_needs_the_exact_prefix():
    assert breed_of_name('pug_12') == 25
    assert breed_of_name('american_pit_bull_terrier_100') == 2
    assert breed_of_name('Pug_12') is None and breed_of_name('pug') is None


def test_palette_has_the_colours_of_voc():
    assert make_palette(5) == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128))
    assert len(set(make_palette(38))) == 38


# ----------------------------------------------------------------------------------------- modes
@pytest.mark.parametrize(
    'label_mode, mask_mode, labels, mask_labels, to_label',
    [
        ('breed', None, (5, 8), (6, 9), tuple(range(1, 38))),
        ('breed', 'species', (5, 8), (1, 2), None),
        ('breed', 'binary', (5, 8), (1, 1), (1,) * 37),
        ('species', None, (0, 1), (1, 2), (1, 2)),
        ('species', 'binary', (0, 1), (1, 1), (1, 1)),
        ('binary', None, (0, 0), (1, 1), (1,)),
    ],
)
def test_labels_and_masks_follow_their_modes(
    pets, label_mode, mask_mode, labels, mask_labels, to_label
):
    dataset = OxfordPet(
        str(pets),
        'test',
        label_mode=label_mode,
        mask_mode=mask_mode,
        pipeline=[LoadImage(), LoadMask()],
    )
    for sample, label, mask_label in zip(dataset, labels, mask_labels):
        assert sample['gt_label'] == [label]
        assert dataset.metainfo['class_to_label'][label] == mask_label
        assert sample['gt_seg_map'][2, 3] == mask_label
        assert sample['gt_seg_map'][0, 0] == 0 and sample['gt_seg_map'][1, 2] == 255
    if to_label is not None:
        assert dataset.metainfo['class_to_label'] == to_label
    assert len(dataset.metainfo['class_to_label']) == len(dataset.metainfo['image_classes'])
    assert len(dataset.metainfo['palette']) == len(dataset.metainfo['classes'])
    assert dataset.metainfo['classes'][0] == 'background'


@pytest.mark.parametrize('label, mask', [('species', 'breed'), ('binary', 'species')])
def test_masks_finer_than_labels_are_refused(label, mask):
    with pytest.raises(ConfigError, match=f"mask_mode '{mask}' is finer than label_mode '{label}'"):
        OxfordPet(label_mode=label, mask_mode=mask, lazy_init=True)


@pytest.mark.parametrize('key', ['label_mode', 'mask_mode', 'border', 'boxes'])
def test_unknown_option_lists_the_allowed(key):
    with pytest.raises(ConfigError, match=rf"OxfordPet.{key} must be one of .*, got 'colour'"):
        OxfordPet(lazy_init=True, **{key: 'colour'})


@pytest.mark.parametrize('border, value', [('ignore', 255), ('fg', 6), ('bg', 0)])
def test_border_band_becomes_what_is_asked(pets, border, value):
    dataset = OxfordPet(str(pets), 'test', border=border, pipeline=[LoadImage(), LoadMask()])
    assert dataset[0]['gt_seg_map'][1, 2] == value


def test_image_without_trimap_has_no_mask(pets):
    (pets / 'annotations' / 'trimaps' / 'Bengal_1.png').unlink()
    dataset = OxfordPet(str(pets), 'test')
    assert dataset[0]['mask_path'] is None and dataset[1]['mask_path'] is not None


def test_type_is_registered_and_reads_the_environment(pets, monkeypatch):
    monkeypatch.setenv('WSSS_DATA_ROOT', str(pets.parent))
    assert len(DATASETS.build(dict(type='wsss.OxfordPet', split='test'))) == 2


# ---------------------------------------------------------------------------------------- splits
def test_train_and_val_part_trainval_by_breed(pets):
    train, val = OxfordPet(str(pets), 'train'), OxfordPet(str(pets), 'val')
    assert (len(train), len(val)) == (36, 4)
    assert set(ids(train)) | set(ids(val)) == {name for name, _, _ in TRAINVAL}
    assert sorted(name.rpartition('_')[0] for name in ids(val)) == ['Abyssinian'] * 2 + ['pug'] * 2
    assert held_out(val) == set(ids(val)) and not held_out(train)


def test_held_out_images_are_those_of_val_under_every_mode(pets):
    val = set(ids(OxfordPet(str(pets), 'val', held_out=0.2)))
    assert len(val) == 8
    for mode in ('breed', 'species', 'binary'):
        assert held_out(OxfordPet(str(pets), held_out=0.2, label_mode=mode)) == val
        assert set(ids(OxfordPet(str(pets), 'val', held_out=0.2, label_mode=mode))) == val
    assert not held_out(OxfordPet(str(pets)))


def test_held_out_seed_changes_the_choice(pets):
    assert ids(OxfordPet(str(pets), 'val')) != ids(OxfordPet(str(pets), 'val', held_out_seed=1))


def test_split_may_be_a_list_in_the_official_format(pets, tmp_path):
    write_list(tmp_path / 'mine.txt', [('odd-name', 3, 2)])
    Image.new('RGB', (8, 6)).save(pets / 'images' / 'odd-name.jpg')
    dataset = OxfordPet(str(pets), str(tmp_path / 'mine.txt'))
    assert ids(dataset) == ['odd-name'] and dataset[0]['gt_label'] == [2]


@pytest.mark.parametrize('names', [['pug_3', 'Bengal_1'], ['pug_3.jpg', '._pug_4', 'Bengal_1']])
@pytest.mark.parametrize('suffix', ['json', 'txt'])
def test_split_may_be_a_list_of_names_in_the_data_root(pets, names, suffix):
    text = json.dumps(names) if suffix == 'json' else '\n'.join(names) + '\n\n'
    (pets / f'mine.{suffix}').write_text(text)
    dataset = OxfordPet(str(pets), f'mine.{suffix}')
    assert ids(dataset) == ['pug_3', 'Bengal_1']
    assert [info['gt_label'] for info in dataset] == [[25], [5]]


def test_breed_of_a_bare_name_comes_from_list_txt_first(pets):
    write_list(pets / 'annotations' / 'list.txt', [('pug_3', 9, 2)])
    (pets / 'mine.txt').write_text('pug_3\npug_4\n')
    assert [info['gt_label'] for info in OxfordPet(str(pets), 'mine.txt')] == [[8], [25]]


def test_breed_of_an_unlisted_name_comes_from_its_prefix(pets):
    Image.new('RGB', (8, 6)).save(pets / 'images' / 'Sphynx_5.jpg')
    (pets / 'mine.txt').write_text('Sphynx_5\n')
    assert OxfordPet(str(pets), 'mine.txt')[0]['gt_label'] == [33]


def test_name_without_breed_is_refused(pets):
    (pets / 'mine.txt').write_text('unicorn_5\n')
    with pytest.raises(DataError, match="mine.txt: the breed of image 'unicorn_5' is not known"):
        OxfordPet(str(pets), 'mine.txt')


def test_resource_forks_in_a_list_are_skipped(pets):
    write_list(pets / 'annotations' / 'test.txt', [('._Bengal_1', 6, 1), *TEST])
    assert ids(OxfordPet(str(pets), 'test')) == ['Bengal_1', 'boxer_7']


# ---------------------------------------------------------------------------------------- errors
def test_unknown_split_names_the_splits_and_the_nearest(pets):
    with pytest.raises(ConfigError, match="'tran' is neither test, train, trainval, val.*'train'"):
        OxfordPet(str(pets), 'tran')


def test_missing_list_says_what_makes_it(pets):
    os.remove(pets / 'annotations' / 'test.txt')
    with pytest.raises(DataError, match=r'test.txt does not exist.*dataset_converters/oxford_pet'):
        OxfordPet(str(pets), 'test')


@pytest.mark.parametrize(
    'row, message',
    [
        ('Bengal_1 6 1', r"test.txt:3: the row 'Bengal_1 6 1' cannot be understood; allowed is"),
        ('Bengal_1 six 1 2', 'test.txt:3: the row .* cannot be understood'),
        ('Bengal_1 38 1 2', r'test.txt:3: class_id 38 is outside 1..37'),
        ('Bengal_1 6 2 2', r'test.txt:3: species 2 does not fit class_id 6 \(Bengal, a cat\)'),
    ],
)
def test_malformed_row_is_named_by_file_and_line(pets, row, message):
    (pets / 'annotations' / 'test.txt').write_text(f'# comment\nboxer_7 9 2 1\n{row}\n')
    with pytest.raises(DataError, match=message):
        OxfordPet(str(pets), 'test')


@pytest.mark.parametrize(
    'name, content, message',
    [
        ('a.json', b'{"pug_1": 1}', 'must be a JSON list of image names'),
        ('a.json', b'[1, 2]', 'must be a JSON list of image names'),
        ('a.json', b'[', 'is not valid JSON'),
        ('a.txt', b'\xff\xfe\xff', 'is not UTF-8 text'),
    ],
)
def test_unreadable_list_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f'{name} {message}'):
        read_rows(tmp_path / name)


def test_missing_images_are_counted_in_one_message(pets):
    for i in range(5):
        os.remove(pets / 'images' / f'pug_{i}.jpg')
    with pytest.raises(
        DataError, match=r"5 of 40 images of split 'trainval' are missing.*pug_0, pug_1, pug_2 "
    ):
        OxfordPet(str(pets))


def test_empty_split_is_refused(pets):
    (pets / 'annotations' / 'test.txt').write_text('# nothing\n')
    with pytest.raises(DataError, match="split 'test' .* has no images"):
        OxfordPet(str(pets), 'test')


def test_missing_root_names_the_environment_variable(tmp_path):
    with pytest.raises(DataError, match='is not a folder.*WSSS_DATA_ROOT'):
        OxfordPet(str(tmp_path / 'nothing'))


# ----------------------------------------------------------------------------------------- boxes
def test_head_boxes_come_from_xml_where_there_is_one(pets):
    dataset = OxfordPet(str(pets), boxes='head', label_mode='species')
    assert dataset[0]['boxes'] == [(2, 0, 6, 4, 0)] and dataset[1]['boxes'] == []
    assert dataset.metainfo['simulated_boxes'] is False


def test_head_boxes_are_refused_for_a_split_without_any(pets):
    with pytest.raises(DataError, match="no image of split 'test' has a head box.*trainval only"):
        OxfordPet(str(pets), 'test', boxes='head')


@pytest.mark.parametrize(
    'border, box', [('ignore', (3, 2, 6, 4)), ('bg', (3, 2, 6, 4)), ('fg', (2, 1, 7, 5))]
)
def test_tight_boxes_enclose_the_foreground(pets, border, box):
    dataset = OxfordPet(str(pets), 'test', border=border, boxes='tight')
    assert dataset[1]['boxes'] == [(*box, 8)]
    assert dataset.metainfo['simulated_boxes'] is True


def test_tight_box_of_a_trimap_without_foreground_is_none(tmp_path):
    Image.fromarray(np.full((4, 5), 2, np.uint8)).save(tmp_path / 'a.png')
    assert tight_box(tmp_path / 'a.png', (1,)) is None


def test_tight_boxes_need_every_trimap(pets):
    path = pets / 'annotations' / 'trimaps' / 'boxer_7.png'
    path.write_bytes(b'no image')
    with pytest.raises(DataError, match=r'boxer_7.png is not a readable image'):
        OxfordPet(str(pets), 'test', boxes='tight')
    Image.new('RGB', (8, 6)).save(path)
    with pytest.raises(DataError, match='has mode RGB'):
        OxfordPet(str(pets), 'test', boxes='tight')
    path.unlink()
    with pytest.raises(DataError, match=r"boxes='tight' needs the trimap .*boxer_7.png"):
        OxfordPet(str(pets), 'test', boxes='tight')
