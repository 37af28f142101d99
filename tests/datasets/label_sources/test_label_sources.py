# SPDX-License-Identifier: Apache-2.0
"""Labels from folders, annotation files and masks."""

import json

import numpy as np
import pytest

from wsss.datasets.label_sources import (
    ClassFolders,
    CocoJsonLabels,
    MaskLabels,
    VocXmlLabels,
    number_labels,
)
from wsss.datasets.label_sources import mask_labels as mask_module
from wsss.datasets.pictures import Pictures
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask
from wsss.registry import LABEL_SOURCES

XML = (
    '<annotation><size><width>8</width><height>6</height></size>{}</annotation>',
    '<object><name>{}</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>3</ymax>'
    '</bndbox></object>',
)
COCO = dict(
    categories=[dict(id=7, name='dog'), dict(id=3, name='cat')],
    images=[dict(id=1, file_name='a.jpg'), dict(id=2, file_name='sub/b.jpg')],
    annotations=[
        dict(image_id=1, category_id=7, bbox=[1, 2, 3, 4], iscrowd=0),
        dict(image_id=1, category_id=3, bbox=[0, 0, 9, 9], iscrowd=1),
    ],
)


@pytest.fixture
def pictures(tmp_path):
    return Pictures(tmp_path, tmp_path, ('a.jpg', 'sub/b.jpg', 'sub/c.jpg'))


def numbered(source, pictures, classes=None):
    return number_labels(source.read(pictures, classes), pictures, classes)


def test_the_first_folder_is_the_class(tmp_path):
    files = ('background/x.jpg', 'cat/1.jpg', 'dog/old/1.jpg', 'loose.jpg')
    found = numbered(ClassFolders(), Pictures(tmp_path, tmp_path, files))
    assert found.classes == ('cat', 'dog')
    assert found.labels == {'background/x.jpg': [], 'cat/1.jpg': [0], 'dog/old/1.jpg': [1]}


def test_a_folder_that_is_no_class_is_named(tmp_path):
    pictures = Pictures(tmp_path, tmp_path, ('cat/1.jpg', 'cats/2.jpg'))
    with pytest.raises(DataError, match=r"cats/2.jpg: unknown class 'cats'. Did you mean 'cat'"):
        numbered(ClassFolders(), pictures, ('cat',))


def write_xml(tmp_path):
    (tmp_path / 'xml' / 'sub').mkdir(parents=True)
    body = ''.join(XML[1].format(name) for name in ('dog', 'cat', 'dog'))
    (tmp_path / 'xml' / 'a.xml').write_text(XML[0].format(body))
    (tmp_path / 'xml' / 'sub' / 'b.xml').write_text(XML[0].format(''))


def test_objects_of_voc_files_give_labels_and_boxes(tmp_path, pictures):
    write_xml(tmp_path)
    found = numbered(VocXmlLabels('xml'), pictures)
    assert found.classes == ('cat', 'dog')
    assert found.labels == {'a.jpg': [0, 1], 'sub/b.jpg': []}  # c has no file: unlabelled
    assert [box[4] for box in found.boxes['a.jpg']] == [1, 0, 1]
    assert found.boxes['a.jpg'][0][:4] == (0.0, 0.0, 4.0, 3.0)


def test_a_broken_voc_file_and_a_wrong_folder_are_named(tmp_path, pictures):
    with pytest.raises(DataError, match='folder of annotations .*nowhere does not exist'):
        VocXmlLabels('nowhere').read(pictures, None)
    (tmp_path / 'xml').mkdir()
    with pytest.raises(DataError, match='has no annotation of any picture, such as a.xml'):
        VocXmlLabels('xml').read(pictures, None)
    (tmp_path / 'xml' / 'a.xml').write_text('<annotation>')
    with pytest.raises(DataError, match='a.xml is not a VOC annotation'):
        VocXmlLabels('xml').read(pictures, None)


def test_coco_categories_count_by_id_and_crowds_have_no_box(tmp_path, pictures):
    (tmp_path / 'i.json').write_text(json.dumps(COCO))
    found = numbered(CocoJsonLabels('i.json'), pictures)
    assert found.classes == ('cat', 'dog')
    assert found.labels == {'a.jpg': [0, 1], 'sub/b.jpg': []}
    assert found.boxes == {'a.jpg': [(1.0, 2.0, 4.0, 6.0, 1)]}


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(images=None), "have no list 'images'"),
        (dict(annotations=[dict(image_id=1)]), r"annotations\[0\] has no usable 'category_id'"),
        (dict(annotations=[dict(image_id=1, category_id=4)]), 'category_id 4 is not among'),
        (
            dict(annotations=[dict(image_id=1, category_id=3, bbox=[1])]),
            r'annotations\[0\]: bbox must be',
        ),
        (dict(images=['a.jpg']), r"images\[0\] has no usable 'id'"),
    ],
)
def test_what_is_wrong_in_a_coco_file_is_named(tmp_path, pictures, change, message):
    (tmp_path / 'i.json').write_text(json.dumps({**COCO, **change}))
    with pytest.raises(DataError, match=message):
        CocoJsonLabels('i.json').read(pictures, None)


@pytest.mark.parametrize('text', ['', '[1, 2', '[]'])
def test_a_foreign_coco_file_is_named(tmp_path, pictures, text):
    (tmp_path / 'i.json').write_text(text)
    with pytest.raises(DataError, match='i.json'):
        CocoJsonLabels('i.json').read(pictures, None)


@pytest.fixture
def masked(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    # masks made a moment ago are not remembered otherwise
    monkeypatch.setattr(mask_module, 'settled', lambda stamped: True)
    (tmp_path / 'masks').mkdir()
    first, second = np.zeros((4, 5), np.uint8), np.full((4, 5), 255, np.uint8)
    first[0, :3], first[1, 0] = 2, 1
    paths = {}
    for name, mask in (('a.jpg', first), ('sub/b.jpg', second)):
        paths[name] = tmp_path / 'masks' / f'{name[-5]}.png'
        write_mask(paths[name], mask)
    return Pictures(tmp_path, tmp_path, ('a.jpg', 'sub/b.jpg', 'sub/c.jpg'), paths)


def test_classes_with_pixels_in_the_mask_are_the_labels(masked):
    found = numbered(MaskLabels(), masked, ('cat', 'dog'))
    assert found.labels == {'a.jpg': [0, 1], 'sub/b.jpg': []}
    found = numbered(MaskLabels(min_pixels=2), masked, ('cat', 'dog'))
    assert found.labels == {'a.jpg': [1], 'sub/b.jpg': []}


def test_masks_are_opened_once_and_again_when_changed(masked, monkeypatch):
    source, opened = MaskLabels(), []
    whole = MaskLabels._classes_in
    monkeypatch.setattr(
        MaskLabels,
        '_classes_in',
        lambda self, path, *a: opened.append(path) or whole(self, path, *a),
    )
    before = numbered(source, masked, ('cat', 'dog')).labels
    assert len(opened) == 2
    assert numbered(source, masked, ('cat', 'dog')).labels == before
    assert len(opened) == 2
    write_mask(masked.masks['a.jpg'], np.full((4, 5), 1, np.uint8))
    assert numbered(source, masked, ('cat', 'dog')).labels['a.jpg'] == [0]
    assert len(opened) == 4


@pytest.mark.parametrize('text', ['', '[]', '{"a.jpg": [1]}', '{"a.jpg": [9], "sub/b.jpg": []}'])
def test_a_damaged_cache_is_made_again(masked, text):
    before = numbered(MaskLabels(), masked, ('cat', 'dog')).labels
    (cache,) = (mask_module.cache_folder() / 'mask_labels').glob('*.json')
    cache.write_text(text)
    assert numbered(MaskLabels(), masked, ('cat', 'dog')).labels == before


def test_masks_need_names_and_right_values(masked):
    with pytest.raises(ConfigError, match='needs classes='):
        MaskLabels().read(masked, None)
    with pytest.raises(DataError, match=r'a.png.*holds the values \[2\]'):
        MaskLabels().read(masked, ('cat',))
    with pytest.raises(ConfigError, match='min_pixels'):
        MaskLabels(min_pixels=0)


def test_every_source_is_registered():
    LABEL_SOURCES.import_from_location()
    assert set(LABEL_SOURCES.module_dict) == {
        'ClassFolders', 'CocoJsonLabels', 'CsvLabels', 'MaskLabels', 'VocXmlLabels',
    }  # fmt: skip


def test_masks_changed_a_moment_ago_are_not_remembered(masked, monkeypatch):
    monkeypatch.setattr(mask_module, 'settled', lambda stamped: False)
    numbered(MaskLabels(), masked, ('cat', 'dog'))
    assert not (mask_module.cache_folder() / 'mask_labels').exists()
