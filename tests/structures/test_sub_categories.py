# SPDX-License-Identifier: Apache-2.0
"""The table of sub-classes: labels by hand, what is refused, and files."""

import json

import numpy as np
import pytest

from wsss.errors import DataError
from wsss.structures import SubCategories

CLASSES = ('cat', 'dog', 'emu')


def table(**changes):
    values = dict(
        dataset='Pets', split='train', classes=CLASSES, counts=(2, 3, 0),
        images={'a': {0: 1}, 'b': {0: 0, 1: 2}, 'c': {}},
        clusterer=dict(type='wsss.KMeans', k=3),
    )  # fmt: skip
    return SubCategories(**{**values, **changes})


SOFT = {'a': {0: [0.25, 0.75]}, 'b': {0: [1, 0], 1: [0.2, 0.2, 0.6]}, 'c': {}}


def test_each_class_of_an_image_has_one_sub_class():
    assert table().target('b', [0, 1]).tolist() == [1, 0, 0, 0, 1]
    assert table().target('a', [0]).tolist() == [0, 1, 0, 0, 0]
    assert table().parents == [0, 0, 1, 1, 1] and table().total == 5


def test_shares_stand_where_the_sub_classes_do():
    found = table(soft=SOFT).soft_target('b', [0, 1])
    assert np.allclose(found, [1, 0, 0.2, 0.2, 0.6])


@pytest.mark.parametrize('image_id', ['c', 'an image that nobody knows'])
def test_an_image_without_labels_has_no_sub_class(image_id):
    assert not table().target(image_id, []).any()


@pytest.mark.parametrize('changes', [{}, dict(soft=SOFT), dict(transductive=True, split='val')])
def test_a_file_gives_back_what_was_written(tmp_path, changes):
    path = tmp_path / 'sub_categories.json'
    table(**changes).write(path)
    assert SubCategories.read(path) == table(**changes)
    again = tmp_path / 'again.json'
    SubCategories.read(path).write(again)
    assert again.read_bytes() == path.read_bytes()


def test_an_image_of_another_split_is_refused():
    with pytest.raises(DataError, match=r"'x' is not among the 3 images.*of Pets, split 'train'"):
        table().target('x', [0])


def test_an_image_with_other_classes_is_refused():
    with pytest.raises(DataError, match=r"'b' has the classes \[1, 2\].*\[0, 1\]"):
        table().target('b', [1, 2])


def test_other_class_lists_are_refused_with_both_named():
    with pytest.raises(DataError, match=r'3 classes cat, dog, emu of Pets.* 2 classes cat, cow'):
        table().check_classes(['cat', 'cow'], 'x')


@pytest.mark.parametrize(('dataset', 'split'), [('VOC12', 'train'), ('Pets', 'val')])
def test_another_data_set_or_split_is_refused_with_both_named(dataset, split):
    words = rf"of Pets, split 'train', the images are of {dataset}, split '{split}'"
    with pytest.raises(DataError, match=words):
        table().check_source(dataset, split, 'x')


def test_a_transductive_table_may_be_of_another_split():
    table(transductive=True).check_source('Pets', 'val', 'x')
    with pytest.raises(DataError):
        table(transductive=True).check_source('VOC12', 'train', 'x')


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(format='other'), 'not marked'),
        (dict(version=2), 'version 2, not 1'),
        (dict(transductive=None), 'transductive must be'),
        (dict(sub_categories={}), 'number of sub-classes'),
        (dict(sub_categories={'cat': -1}), 'number of sub-classes'),
        (dict(images={'a': {'cat': 2}}), "image 'a': cat has no sub-class 2"),
        (dict(images={'a': {'cat': True}}), 'no sub-class True'),
        (dict(images={'a': {'cow': 0}}), "'cow'"),
        (dict(images=[1]), 'cannot be used'),
        (dict(soft={}), "'a'"),
        (dict(soft={'a': {'cat': [0.5, 'x']}, 'b': {}, 'c': {}}), 'has the shares'),
        (dict(soft={'a': {'cat': [1.0]}, 'b': {}, 'c': {}}), 'has the shares'),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, changes, words):
    path = tmp_path / 'sub_categories.json'
    table().write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(DataError, match=words) as caught:
        SubCategories.read(path)
    assert str(path) in str(caught.value)


def test_a_missing_or_broken_file_is_named(tmp_path):
    path = tmp_path / 'sub_categories.json'
    with pytest.raises(DataError, match='does not exist'):
        SubCategories.read(path)
    path.write_text('{')
    with pytest.raises(DataError, match='not valid JSON'):
        SubCategories.read(path)
