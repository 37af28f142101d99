# SPDX-License-Identifier: Apache-2.0
"""From archives of MS-COCO to a data root with masks."""

import importlib.util
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import COCO14
from wsss.datasets.coco_classes import COCO_CLASSES, COCO_IDS
from wsss.datasets.converters import coco14 as converter
from wsss.datasets.converters.coco14 import (
    convert_coco14,
    missing_images,
    paint_instances,
    write_coco_masks,
)
from wsss.errors import DataError

TOOL = Path(__file__).parents[3] / 'tools' / 'dataset_converters' / 'coco14.py'
SIZE = (10, 12)


def box(x1, y1, x2, y2):
    return [np.array([x1, y1, x2, y1, x2, y2, x1, y2], np.float32)]


def test_small_objects_lie_on_large_ones_and_all_on_crowds():
    everything = dict(size=list(SIZE), counts=[0, 120])
    mask = paint_instances(
        [(3, False, box(2, 2, 4, 4)), (1, True, everything), (7, False, box(1, 1, 8, 8))], SIZE
    )
    expected = np.full(SIZE, 255)
    expected[1:8, 1:8] = 7
    expected[2:4, 2:4] = 3
    assert (mask == expected).all() and mask.dtype == np.uint8


def test_of_equal_objects_the_later_is_on_top():
    mask = paint_instances([(1, False, box(0, 0, 4, 4)), (2, False, box(2, 0, 6, 4))], SIZE)
    assert mask[0, :7].tolist() == [1, 1, 2, 2, 2, 2, 0]


def test_size_counts_inside_of_the_image():
    # the first is larger, but most of it lies outside
    mask = paint_instances([(1, False, box(-90, 0, 3, 3)), (2, False, box(0, 0, 5, 5))], SIZE)
    assert mask[0, 0] == 1


def annotation(image, category, outline, crowd=0):
    if not isinstance(outline, dict):
        outline = [part.tolist() for part in outline]
    return dict(
        image_id=image, category_id=category, iscrowd=crowd, bbox=[0, 0, 3, 3], segmentation=outline
    )


def instances(part, rows, count):
    return json.dumps(
        dict(
            images=[
                dict(id=i, file_name=f'COCO_{part}2014_{i:012d}.jpg', height=10, width=12)
                for i in range(count)
            ],
            annotations=rows,
            categories=[dict(id=i, name=name) for i, name in zip(COCO_IDS, COCO_CLASSES)],
        )
    )


ROWS = dict(
    train=[
        annotation(0, 90, box(0, 0, 5, 5)),
        annotation(0, 1, dict(size=list(SIZE), counts=[60, 60]), crowd=1),
        annotation(2, 18, box(2.2, 2.2, 2.4, 2.4)),
    ],
    val=[annotation(0, 3, dict(size=list(SIZE), counts=[0, 10, 110]))],
)
IMAGES = dict(train=3, val=1)
COUNTS = dict(train=2, val=1)


def write_archives(folder, leave_out=()):
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    Image.new('RGB', SIZE[::-1], (90, 20, 30)).save(buffer, format='JPEG')
    with zipfile.ZipFile(folder / 'annotations_trainval2014.zip', 'w') as archive:
        for part, rows in ROWS.items():
            text = instances(part, rows, IMAGES[part])
            archive.writestr(f'annotations/instances_{part}2014.json', text)
            archive.writestr(f'annotations/captions_{part}2014.json', '{}')
    for part, count in IMAGES.items():
        with zipfile.ZipFile(folder / f'{part}2014.zip', 'w') as archive:
            for i in range(count):
                name = f'{part}2014/COCO_{part}2014_{i:012d}.jpg'
                if name not in leave_out:
                    archive.writestr(name, buffer.getvalue())
    return folder


@pytest.fixture
def archives(tmp_path):
    return write_archives(tmp_path / 'archives')


def convert(target, archives, asked=None, **options):
    def fetch(name):
        if asked is not None:
            asked.append(name)
        return archives / name

    options = dict(counts=COUNTS, num_workers=1, progress=False) | options
    return convert_coco14(target, fetch, **options)


def read(path):
    with Image.open(path) as opened:
        assert opened.mode == 'P'
        return np.asarray(opened)


def test_archives_become_a_data_root(archives, tmp_path):
    line = convert(tmp_path / 'coco', archives)
    assert line.endswith(
        'train2014 2 images with objects of 3, 3 objects, 3 masks; '
        'val2014 1 images with objects of 1, 1 objects, 1 masks'
    )
    mask = read(tmp_path / 'coco' / 'masks' / 'train2014' / 'COCO_train2014_000000000000.png')
    expected = np.zeros(SIZE, np.uint8)
    expected[:, 6:] = 255
    expected[:5, :5] = 80
    assert (mask == expected).all()
    dataset = COCO14(str(tmp_path / 'coco'), 'train')
    assert [dataset.get_data_info(i)['gt_label'] for i in range(2)] == [[0, 79], [16]]
    by_mask = COCO14(str(tmp_path / 'coco'), 'train', image_labels='masks')
    assert [by_mask.get_data_info(i)['gt_label'] for i in range(len(by_mask))] == [[79]]
    assert not [p.name for p in (tmp_path / 'coco').rglob('.*')]


def test_two_processes_write_what_one_does(archives, tmp_path):
    convert(tmp_path / 'one', archives)
    convert(tmp_path / 'two', archives, num_workers=2)
    one, two = (
        {p.relative_to(root): p.read_bytes() for p in (root / 'masks').rglob('*.*')}
        for root in (tmp_path / 'one', tmp_path / 'two')
    )
    assert one == two and len(one) == 6


def test_what_is_whole_is_left_alone_and_not_fetched(archives, tmp_path):
    convert(tmp_path / 'coco', archives)
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / 'coco').rglob('*')}
    asked = []
    assert 'were there already' in convert(tmp_path / 'coco', archives, asked)
    assert asked == []
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / 'coco').rglob('*')}


def test_only_what_is_missing_is_extracted(archives, tmp_path):
    root = tmp_path / 'coco'
    convert(root, archives)
    shutil.rmtree(root / 'val2014')
    (root / 'train2014' / 'COCO_train2014_000000000001.jpg').unlink()
    (root / 'masks' / 'train2014' / 'COCO_train2014_000000000002.png').unlink()
    asked = []
    convert(root, archives, asked)
    assert asked == ['train2014.zip', 'val2014.zip']
    assert not missing_images(root, 'train') and not missing_images(root, 'val')
    assert (root / 'masks' / 'train2014' / 'COCO_train2014_000000000002.png').is_file()


def test_one_split_alone_needs_no_other_archive(archives, tmp_path):
    asked = []
    assert 'train2014' not in convert(tmp_path / 'coco', archives, asked, parts=['val'])
    assert asked == ['annotations_trainval2014.zip', 'val2014.zip']


def test_masks_follow_changed_annotations(archives, tmp_path):
    root = tmp_path / 'coco'
    convert(root, archives)
    path = root / 'annotations' / 'instances_val2014.json'
    path.write_text(instances('val', [annotation(0, 3, box(0, 0, 12, 10))], 1))
    assert 'already' not in convert(root, archives, parts=['val'])
    assert (read(root / 'masks' / 'val2014' / 'COCO_val2014_000000000000.png') == 3).all()


def test_wrong_counts_are_refused_before_images_are_extracted(archives, tmp_path):
    with pytest.raises(DataError, match='2 images with objects instead of 82081'):
        convert(tmp_path / 'coco', archives, counts=converter.COUNTS)
    assert not (tmp_path / 'coco' / 'train2014').exists()


def test_missing_images_are_named(tmp_path):
    archives = write_archives(tmp_path / 'a', ['train2014/COCO_train2014_000000000001.jpg'])
    with pytest.raises(DataError, match=r'1 images of .*train2014\.zip.*0001\.jpg'):
        convert(tmp_path / 'coco', archives)


@pytest.mark.parametrize(
    'name', ['../evil', '/evil', 'val2014/../../evil', '..\\evil', 'val2014/a/../../../evil']
)
def test_entries_that_reach_out_are_refused(archives, tmp_path, name):
    with zipfile.ZipFile(archives / 'val2014.zip', 'a') as archive:
        archive.writestr(name, 'x')
    with pytest.raises(DataError, match=r'val2014\.zip: the entry .*evil.* points outside'):
        convert(tmp_path / 'coco', archives, parts=['val'])
    assert not list(tmp_path.rglob('*evil*'))


@pytest.mark.parametrize('workers', [1, 2])
def test_a_damaged_outline_is_named_by_its_image(tmp_path, workers):
    path = tmp_path / 'instances_val2014.json'
    path.write_text(instances('val', [annotation(1, 3, dict(size=[1, 1], counts=[1]))], 3))
    with pytest.raises(DataError, match='image COCO_val2014_000000000001 cannot be used: .*size'):
        write_coco_masks(path, tmp_path / 'masks', workers, progress=False)
    assert not (tmp_path / 'masks.json').exists()


def test_an_image_of_absurd_size_is_refused(tmp_path):
    path = tmp_path / 'instances_val2014.json'
    path.write_text(instances('val', [], 1).replace('"width": 12', '"width": 900000000'))
    with pytest.raises(DataError, match='10 x 900000000 pixels'):
        write_coco_masks(path, tmp_path / 'masks', 1, progress=False)


# --------------------------------------------------------------------------------------- the tool
@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('coco14_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tool_converts_local_archives_and_prints_one_line(tool, archives, tmp_path, capsys):
    arguments = [str(tmp_path / 'coco'), '--archives', str(archives), '--offline', '--unofficial']
    assert tool.main([*arguments, '--workers', '1']) == 0
    assert capsys.readouterr().out.count('\n') == 1
    assert tool.main(arguments) == 0
    assert 'were there already' in capsys.readouterr().out


def test_tool_refuses_other_checksums_and_missing_archives(tool, archives, tmp_path, capsys):
    arguments = [str(tmp_path / 'coco'), '--archives', str(archives), '--offline']
    assert tool.main(arguments) == 1
    assert 'annotations_trainval2014.zip has the MD5' in capsys.readouterr().err
    (archives / 'annotations_trainval2014.zip').unlink()
    assert tool.main(arguments) == 1
    assert 'annotations_trainval2014.zip does not exist' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        tool.main([str(tmp_path / 'coco'), '--unofficial'])
