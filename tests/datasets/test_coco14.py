# SPDX-License-Identifier: Apache-2.0
"""MS-COCO 2014: splits, lists, image labels from two sources, damaged files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import COCO14
from wsss.datasets.coco_classes import COCO_CLASSES, COCO_IDS
from wsss.datasets.coco_json import read_coco_index, read_coco_outlines
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask

DOG, PERSON, BRUSH = 18, 1, 90
SIZE = (6, 8)


def annotation(image, category, crowd=0, bbox=(1, 1, 3, 2)):
    x, y, w, h = bbox
    outline = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    if crowd:
        outline = {'size': list(SIZE), 'counts': [40, 8]}
    return dict(
        segmentation=outline, iscrowd=crowd, image_id=image, bbox=list(bbox), category_id=category
    )


def content(part, year, annotations, count=3):
    prefix = f'COCO_{part}{year}_' if year == '2014' else ''
    images = [
        dict(id=i, file_name=f'{prefix}{i:012d}.jpg', height=SIZE[0], width=SIZE[1], note='"x": [')
        for i in range(1, count + 1)
    ]
    categories = [dict(id=i, name=n, supercategory='') for i, n in zip(COCO_IDS, COCO_CLASSES)]
    return dict(info={}, images=images, annotations=annotations, categories=categories[::-1])


def build(root, year='2014'):
    """Image 1: dog and persons; 2: nothing; 3 a crowd of persons. Val: image 1 a brush."""
    parts = dict(
        train=content(
            'train',
            year,
            [
                annotation(3, PERSON, crowd=1),
                annotation(1, DOG),
                annotation(1, PERSON, bbox=(0, 0, 8, 6)),
                annotation(1, PERSON, bbox=(2, 2, 0, 0)),
            ],
        ),
        val=content('val', year, [annotation(1, BRUSH)], count=1),
    )
    (root / 'annotations').mkdir(parents=True)
    for part, made in parts.items():
        name = f'{part}{year}'
        (root / 'annotations' / f'instances_{name}.json').write_text(json.dumps(made))
        (root / name).mkdir()
        for row in made['images']:
            Image.new('RGB', SIZE[::-1]).save(root / name / row['file_name'])
    return root


@pytest.fixture
def coco(tmp_path):
    return build(tmp_path / 'coco')


def labels(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {info['image_id']: info['gt_label'] for info in infos}


def test_the_80_classes_are_the_official_ones():
    assert len(COCO_CLASSES) == len(COCO_IDS) == len(set(COCO_CLASSES)) == 80
    known = dict(zip(COCO_IDS, COCO_CLASSES))
    assert (known[1], known[13], known[18], known[44], known[90]) == (
        'person', 'stop sign', 'dog', 'bottle', 'toothbrush'
    )  # fmt: skip


def test_images_without_objects_are_left_out(coco):
    assert labels(COCO14(str(coco), 'train')) == {
        'COCO_train2014_000000000001': [0, 16],
        'COCO_train2014_000000000003': [0],
    }
    assert labels(COCO14(str(coco), 'val')) == {'COCO_val2014_000000000001': [79]}


def test_no_image_or_mask_is_opened_for_the_index(coco):
    for path in coco.glob('*2014/*.jpg'):
        path.write_bytes(b'')
    assert len(COCO14(str(coco), 'train')) == 2


def test_boxes_are_corners_without_crowds_and_empty_ones(coco):
    infos = [COCO14(str(coco), 'train').get_data_info(i) for i in range(2)]
    assert infos[0]['boxes'] == [(1.0, 1.0, 4.0, 3.0, 16), (0.0, 0.0, 8.0, 6.0, 0)]
    assert infos[1]['boxes'] == []


def test_the_layout_of_2017_is_found_and_can_be_chosen(tmp_path, monkeypatch):
    build(tmp_path / 'coco', '2017')
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    assert list(labels(COCO14(split='val'))) == ['000000000001']
    assert len(COCO14(split='train', year=2017)) == 2
    with pytest.raises(DataError, match=r'instances_train2014\.json does not exist.*coco14\.py'):
        len(COCO14(split='train', year=2014))


def test_neither_layout_is_an_error_that_names_both(tmp_path):
    with pytest.raises(DataError, match=r'train2014\.json and .*train2017\.json do not exist'):
        len(COCO14(str(tmp_path), 'train'))


def test_a_list_may_mix_the_parts_and_keeps_its_order(coco):
    (coco / 'mine.txt').write_text(
        '/val2014/COCO_val2014_000000000001.jpg /masks/x.png\n\n'
        'COCO_train2014_000000000002\nCOCO_train2014_000000000001.jpg\n'
    )
    assert list(labels(COCO14(str(coco), 'mine.txt')).items()) == [
        ('COCO_val2014_000000000001', [79]),
        ('COCO_train2014_000000000002', []),
        ('COCO_train2014_000000000001', [0, 16]),
    ]


def make_masks(coco, note=None):
    folder = coco / 'masks' / 'train2014'
    for i, label in ((1, 17), (2, 0), (3, 255)):
        mask = np.zeros(SIZE, np.uint8)
        mask[2] = label
        write_mask(folder / f'COCO_train2014_{i:012d}.png', mask)
    if note is not None:
        folder.with_suffix('.json').write_text(json.dumps(note))


def test_masks_are_found_and_read_as_ids(coco):
    dataset = COCO14(str(coco), 'train', pipeline=[LoadImage(), LoadMask()])
    assert dataset.get_data_info(0)['mask_path'] is None
    make_masks(coco)
    dataset = COCO14(str(coco), 'train', pipeline=[LoadImage(), LoadMask()])
    assert [np.unique(dataset[i]['gt_seg_map']).tolist() for i in (0, 1)] == [[0, 17], [0, 255]]


def test_labels_from_masks_drop_what_has_no_pixels(coco):
    make_masks(coco)
    dataset = COCO14(str(coco), 'train', image_labels='masks')
    assert labels(dataset) == {'COCO_train2014_000000000001': [16]}
    assert dataset.metainfo['label_source'] == 'masks'


def test_labels_from_masks_come_from_the_note_of_the_converter(coco):
    names = [f'COCO_train2014_{i:012d}' for i in (1, 2, 3)]
    make_masks(coco, dict(classes={names[0]: [2], names[1]: [], names[2]: [80]}))
    found = labels(COCO14(str(coco), 'train', image_labels='masks'))
    assert found == {names[0]: [1], names[2]: [79]}


@pytest.mark.parametrize('note', [[], {}, {'classes': {}}, {'classes': {'a': 1}}])
def test_a_damaged_note_is_named(coco, note):
    make_masks(coco, note)
    with pytest.raises(DataError, match=r'train2014\.json does not tell.*Delete it'):
        len(COCO14(str(coco), 'train', image_labels='masks'))


def damage(key, value):
    def apply(coco):
        path = coco / 'annotations' / 'instances_train2014.json'
        made = json.loads(path.read_text())
        rows, *keys = key.split('.')
        if keys:
            made[rows][0][keys[0]] = value
        else:
            made[rows] = value
        path.write_text(json.dumps(made))

    return apply


def write(text):
    return lambda coco: (coco / 'annotations' / 'instances_train2014.json').write_text(text)


@pytest.mark.parametrize(
    ('spoil', 'words'),
    [
        (damage('categories', []), '0 categories are not the 80'),
        (damage('categories.name', 'cat2'), '80 categories are not the 80'),
        (damage('annotations.image_id', 77), 'no 77'),
        (damage('annotations.category_id', 12), 'no 12'),
        (damage('annotations.bbox', [1, 2]), 'inhomogeneous|reshape'),
        (damage('annotations.bbox', [1, 2, 3, float('nan')]), 'not finite'),
        (damage('annotations', 5), 'not iterable'),
        (damage('images.id', 2), 'id appears twice'),
        (damage('images.file_name', '../../etc/passwd.jpg'), 'not a plain name'),
        (damage('images', 'text'), 'cannot be used'),
        (write('[1, 2]'), 'cannot be used'),
        (write('{"images": ['), 'cannot be used'),
        (write('[' * 100_000), 'cannot be used'),
        (write(''), '0 bytes'),
        (lambda c: (c / 'train2014' / 'COCO_train2014_000000000003.jpg').unlink(), '1 of 2 images'),
    ],
)
def test_damaged_data_is_named(coco, spoil, words):
    spoil(coco)
    with pytest.raises(DataError, match=f'(?s)(instances_train2014|COCO14).*({words})'):
        len(COCO14(str(coco), 'train'))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(split='trian'), "did you mean 'train'"),
        (dict(split='names.txt'), '1 of 1 images of the list'),
        (dict(image_labels='masks'), 'have no mask.*coco14.py'),
    ],
)
def test_bad_splits_are_named(coco, arguments, words):
    (coco / 'names.txt').write_text('nobody\n')
    with pytest.raises(DataError, match=f'(?si){words}'):
        len(COCO14(str(coco), **arguments))


@pytest.mark.parametrize('arguments', [dict(year=2015), dict(image_labels='xml')])
def test_bad_arguments_are_named(arguments):
    with pytest.raises(ConfigError, match=f'COCO14.{next(iter(arguments))}'):
        COCO14(lazy_init=True, **arguments)


def test_the_fast_index_is_that_of_a_full_parse(coco):
    path = coco / 'annotations' / 'instances_train2014.json'
    made = json.loads(path.read_text())
    # text that looks like an outline, and outlines of all forms and places
    made['images'][0]['note'] = '"segmentation": [[1, 2]], {"'
    made['annotations'] = [
        dict(segmentation={'counts': 'a]}', 'size': [6, 8]}, **_rest(PERSON, 1)),
        dict(**_rest(DOG, 0), segmentation=[]),
        dict(segmentation=[[1e1, -2.5, 3]], **_rest(BRUSH, 0)),
        dict(segmentation=None, **_rest(PERSON, 0)),
    ]
    for separators in ((',', ':'), (', ', ': '), ('\n,', ' :\t')):
        path.write_text(json.dumps(made, separators=separators))
        os.utime(path, (0, len(separators[0])))
        fast, full = read_coco_index(path), read_coco_outlines(path)
        assert (fast.files, fast.classes.tolist()) == (full.files, full.classes.tolist())
        assert fast.classes.tolist() == [0, 16, 79, 0] and fast.crowds.tolist()[:2] == [True, False]
        assert full.outlines[1] == [] and len(full.outlines) == 4 and fast.outlines is None


def _rest(category, crowd):
    return dict(image_id=1, category_id=category, iscrowd=crowd, bbox=[0, 0, 1, 1])


@pytest.mark.data
def test_the_pack_of_real_photographs_is_read_as_it_lies():
    root = Path(os.environ.get('WSSS_DATA_ROOT', '')) / 'coco'
    if not (root / 'annotations').is_dir():
        pytest.skip('needs coco/ in WSSS_DATA_ROOT')
    for split in ('train', 'val'):
        dataset = COCO14(str(root), split, pipeline=[LoadImage(), LoadMask()])
        assert len(dataset) > 0
        sample = dataset[0]
        present = set(np.unique(sample['gt_seg_map'])) - {0, 255}
        assert present <= {label + 1 for label in sample['gt_label']}
