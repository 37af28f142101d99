# SPDX-License-Identifier: Apache-2.0
"""Tables of labels: two forms, told apart by the header; errors name the line."""

from pathlib import Path

import pytest

from wsss.datasets.label_sources import CsvLabels, number_labels
from wsss.datasets.pictures import Pictures
from wsss.errors import ConfigError, DataError

FILES = ('a.jpg', 'sub/b.jpg', 'sub/c.png')


@pytest.fixture
def read(tmp_path):
    def run(text, classes=None, files=FILES, ignore_missing=False, **options):
        (tmp_path / 'labels.csv').write_text(text, encoding='utf-8')
        pictures = Pictures(tmp_path, tmp_path / 'images', files)
        found = CsvLabels(**options).read(pictures, classes)
        return number_labels(found, pictures, classes, ignore_missing)

    return run


def test_a_column_of_labels_holds_several_and_none(read):
    found = read('file,labels\na.jpg,dog;cat\nsub/b.jpg,cat\nsub/c.png,\n')
    assert found.classes == ('cat', 'dog')
    assert found.labels == {'a.jpg': [0, 1], 'sub/b.jpg': [0], 'sub/c.png': []}


def test_rows_about_one_picture_add_up(read):
    found = read('file,label\na.jpg,dog\na.jpg,cat\na.jpg,dog\n')
    assert found.labels == {'a.jpg': [0, 1]}


def test_a_column_for_each_class_keeps_the_order_of_the_header(read):
    found = read('image,dog,cat\na.jpg,1,0\nsub/b.jpg,1.0,1\nsub/c.png,0,\n')
    assert found.classes == ('dog', 'cat')
    assert found.labels == {'a.jpg': [0], 'sub/b.jpg': [0, 1], 'sub/c.png': []}


def test_other_columns_are_passed_over_beside_labels_and_named_beside_flags(read):
    assert read('path,width,label\na.jpg,640,cat\n').labels == {'a.jpg': [0]}
    text = 'path,width,cat\na.jpg,640,1\n'
    with pytest.raises(DataError, match=r"line 2: column 'width' holds '640'.*ignore_columns"):
        read(text)
    assert read(text, ignore_columns=['Width']).labels == {'a.jpg': [0]}


@pytest.mark.parametrize(
    'name', ['b', 'b.jpg', 'sub/b', './sub/b.jpg', 'sub\\b.jpg', 'images/sub/b']
)
def test_a_picture_may_be_named_in_several_ways(read, name):
    assert read(f'file,label\n{name},cat\n').labels == {'sub/b.jpg': [0]}


def test_a_bare_name_that_fits_two_pictures_is_refused(read):
    with pytest.raises(DataError, match="no picture '1.jpg'.*or its name fits several"):
        read('file,label\n1.jpg,cat\n', files=('x/1.jpg', 'y/1.jpg'))


@pytest.mark.parametrize('text', ['\ufefffile,label\r\na.jpg,cat\r\n', 'file\tlabel\na.jpg\tcat\n'])
def test_byte_order_marks_line_ends_and_tabs_are_understood(read, text):
    assert read(text).labels == {'a.jpg': [0]}


def test_semicolons_between_cells_need_another_separator(read):
    with pytest.raises(DataError, match="both separated by ';'.*Set separator"):
        read('file;labels\na.jpg;cat\n')
    found = read('file;labels\na.jpg;cat|dog\n', separator='|')
    assert found.labels == {'a.jpg': [0, 1]}


def test_quoted_cells_may_hold_the_delimiter(read):
    assert read('file,label\na.jpg,"cat, sitting"\n').classes == ('cat, sitting',)


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'is empty'),
        ('a.jpg,cat\n', 'line 1: no column of pictures'),
        ('file\na.jpg\n', 'line 1: the header .* has neither a column of classes'),
        ('file,label\na.jpg\n', 'line 2: 1 cells where the header has 2'),
        ('file,label\n\na.jpg,cat,x\n', 'line 3: 3 cells'),
        ('file,label\na.jpg,"cat\n', r'line \d+: not readable as CSV'),
        ('file,cat\na.jpg,1\na.jpg,0\n', "line 3: picture 'a.jpg' was there already.*line 2"),
        ('file,label\nb.bmp,cat\n', "line 2: there is no picture 'b.bmp'.*ignore_missing=True"),
        ('file,label\na.jpg,\n', 'names no class in 1 rows'),
        ('file,label\na.jpg,Background\n', 'cannot be the name of a class'),
        ('file,label\na.jpg,cat\nb,Cat\n', 'more than upper and lower case'),
    ],
)
def test_what_is_wrong_is_said_with_its_line(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_an_unknown_class_is_named_with_its_line_and_the_nearest(read):
    text = 'file,labels\na.jpg,cat\nsub/b.jpg,cat;dgo\nsub/c.png,dgo\n'
    with pytest.raises(DataError, match=r"line 3: unknown class 'dgo' \(2 rows\).*mean 'dog'"):
        read(text, classes=('cat', 'dog'))


def test_labels_of_missing_pictures_can_be_passed_over(read):
    found = read('file,label\nz.jpg,cat\na.jpg,cat\n', ignore_missing=True)
    assert found.labels == {'a.jpg': [0]}


def test_a_missing_or_foreign_file_is_named(tmp_path):
    pictures = Pictures(Path(tmp_path), Path(tmp_path), FILES)
    with pytest.raises(DataError, match='nothing.csv does not exist'):
        CsvLabels('nothing.csv').read(pictures, None)
    (tmp_path / 'x.csv').write_bytes(b'\xff\xfe\x00picture')
    with pytest.raises(DataError, match='x.csv is not UTF-8'):
        CsvLabels('x.csv').read(pictures, None)


def test_unusable_options_are_refused():
    with pytest.raises(ConfigError, match='delimiter must be one character'):
        CsvLabels(delimiter='::')
    with pytest.raises(ConfigError, match='separator'):
        CsvLabels(separator='')
