# SPDX-License-Identifier: Apache-2.0
import pytest

from wsss.datasets.voc_xml import MAX_BYTES, read_voc_boxes
from wsss.errors import DataError


def annotation(boxes, size='<size><width>20</width><height>10</height></size>'):
    objects = ''.join(
        f'<object><name>{name}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax>'
        f'<ymax>{d}</ymax></bndbox></object>'
        for name, a, b, c, d in boxes
    )
    return f'<annotation>{size}{objects}</annotation>'


@pytest.fixture
def read(tmp_path):
    def run(content):
        path = tmp_path / 'a.xml'
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_voc_boxes(path)

    return run


def test_boxes_count_from_zero_with_exclusive_ends(read):
    boxes = read(annotation([('cat', 1, 1, 20, 10), ('dog', 3, 4, 3, 4)]))
    assert boxes == [('cat', 0, 0, 20, 10), ('dog', 2, 3, 3, 4)]


def test_boxes_are_cut_to_the_image(read):
    assert read(annotation([('cat', 0, -3, 25, 12)])) == [('cat', 0, 0, 20, 10)]
    assert read(annotation([('cat', 2, 2, 25, 12)], size='')) == [('cat', 1, 1, 25, 12)]


def test_annotation_without_objects_has_no_boxes(read):
    assert read('<annotation/>') == []


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation>&x;</annotation>'


@pytest.mark.parametrize('content', [BOMB, FILE, '<!DOCTYPE a SYSTEM "a.dtd"><annotation/>'])
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
def test_document_types_and_entities_are_refused(read, content, encoding):
    with pytest.raises(DataError, match=r'a.xml .*document type \(DTD\), which is refused'):
        read(content.encode(encoding))


@pytest.mark.parametrize(
    'content, message',
    [
        ('', 'not a VOC annotation'),
        ('<annotation>', 'not a VOC annotation'),
        (b'\x00\xff', 'not a VOC annotation'),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', 'not a VOC annotation'),
        ('<annotation><object/></annotation>', 'an object has no bndbox/xmin'),
        (annotation([('cat', 'one', 1, 2, 2)]), 'could not convert'),
        (annotation([('cat', 5, 1, 3, 2)]), 'empty box'),
        (annotation([('cat', 30, 1, 35, 2)]), 'empty box'),
        (annotation([('cat', 'nan', 1, 3, 2)]), 'empty box'),
        (b' ' * (MAX_BYTES + 1), f'more than the {MAX_BYTES} allowed'),
    ],
)
def test_unusable_annotation_is_named(read, content, message):
    with pytest.raises(DataError, match=f'annotation .*a.xml .*{message}'):
        read(content)


def test_missing_annotation_is_named(tmp_path):
    with pytest.raises(DataError, match=r'annotation .*b.xml does not exist'):
        read_voc_boxes(tmp_path / 'b.xml')
