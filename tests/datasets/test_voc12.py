# SPDX-License-Identifier: Apache-2.0
"""PASCAL VOC 2012: splits, image labels from three sources, masks."""

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import VOC12
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError
from wsss.registry import DATASETS

XML = '<annotation><size><width>8</width><height>6</height></size>{}</annotation>'
OBJECT = (
    '<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>1</xmin><ymin>1</ymin>'
    '<xmax>4</xmax><ymax>3</ymax></bndbox></object>'
)
# image -> classes in the XML; the masks differ on purpose: 2007_2 has no person there
TRUTH = {'2007_1': ['dog'], '2007_2': ['person', 'cat', 'cat'], '2007_3': ['tvmonitor']}
MASKS = {'2007_1': [12], '2007_2': [8], '2007_3': [20]}


def write_mask(path, labels):
    mask = np.zeros((6, 8), np.uint8)
    mask[0] = 255
    for row, label in enumerate(labels, 1):
        mask[row] = label
    image = Image.fromarray(mask, mode='P')
    image.putpalette([0] * 768)
    image.save(path)


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / 'voc' / 'VOC2012'
    for part in ('JPEGImages', 'SegmentationClass', 'Annotations', 'ImageSets/Segmentation'):
        (root / part).mkdir(parents=True)
    for name, objects in TRUTH.items():
        Image.new('RGB', (8, 6)).save(root / 'JPEGImages' / f'{name}.jpg')
        write_mask(root / 'SegmentationClass' / f'{name}.png', MASKS[name])
        body = ''.join(OBJECT.format(o, int(o == 'person')) for o in objects)
        (root / 'Annotations' / f'{name}.xml').write_text(XML.format(body))
    lists = root / 'ImageSets' / 'Segmentation'
    (lists / 'train.txt').write_text('2007_1\n2007_2\n')
    (lists / 'val.txt').write_text('2007_3\n\n')
    return root


def labels(dataset):
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {info['image_id']: info['gt_label'] for info in infos}


@pytest.mark.parametrize('above', [0, 1])
def test_the_folder_is_found_itself_or_one_above(voc, above):
    root = [voc, voc.parent][above]
    assert labels(VOC12(str(root), 'train')) == {'2007_1': [11], '2007_2': [7, 14]}


def test_the_root_comes_from_the_environment(voc, monkeypatch):
    monkeypatch.setenv('WSSS_DATA_ROOT', str(voc.parents[1]))
    assert list(labels(VOC12(split='val'))) == ['2007_3']


def test_xml_gives_boxes_and_counts_difficult_objects(voc):
    dataset = VOC12(str(voc), 'train')
    assert dataset.metainfo['label_source'] == 'xml'
    assert dataset.get_data_info(1)['boxes'][0] == (0.0, 0.0, 4.0, 3.0, 14)


def test_masks_as_source_may_differ_from_the_annotations(voc):
    dataset = VOC12(str(voc), 'train', image_labels='masks')
    assert labels(dataset) == {'2007_1': [11], '2007_2': [7]}
    assert dataset.metainfo['label_source'] == 'masks'


def write_lists(voc):
    folder = voc / 'ImageSets' / 'Main'
    folder.mkdir()
    for name in VOC12(lazy_init=True).metainfo['image_classes']:
        rows = ''.join(
            f'{i} {1 if name in TRUTH[i] and name != "person" else 0 if name in TRUTH[i] else -1}\n'
            for i in TRUTH
        )
        (folder / f'{name}_trainval.txt').write_text(rows)


def test_lists_are_used_where_there_are_no_annotations(voc):
    write_lists(voc)
    for path in (voc / 'Annotations').iterdir():
        path.unlink()
    (voc / 'Annotations').rmdir()
    dataset = VOC12(str(voc), 'train')
    assert dataset.metainfo['label_source'] == 'lists'
    assert labels(dataset) == {'2007_1': [11], '2007_2': [7, 14]}


def test_train_aug_takes_the_masks_of_sbd(voc):
    (voc / 'SegmentationClassAug').mkdir()
    write_mask(voc / 'SegmentationClassAug' / '2007_1.png', [15])
    path = voc / 'ImageSets' / 'Segmentation' / 'train_aug.txt'
    path.write_text('/JPEGImages/2007_1.jpg /SegmentationClassAug/2007_1.png\n')
    info = VOC12(str(voc), 'train_aug').get_data_info(0)
    assert info['image_id'] == '2007_1' and 'SegmentationClassAug' in info['mask_path']
    chosen = VOC12(str(voc), 'train_aug', masks='SegmentationClass').get_data_info(0)
    assert chosen['mask_path'].endswith('SegmentationClass/2007_1.png')


def test_a_palette_mask_is_read_as_ids(voc):
    dataset = DATASETS.build(
        dict(type='VOC12', data_root=str(voc), split='train', pipeline=[LoadImage(), LoadMask()])
    )
    mask = dataset[1]['gt_seg_map']
    assert sorted(np.unique(mask).tolist()) == [0, 8, 255]


def test_the_split_of_the_server_has_neither_labels_nor_masks(voc):
    (voc / 'ImageSets' / 'Segmentation' / 'test.txt').write_text('2008_1\n')
    Image.new('RGB', (8, 6)).save(voc / 'JPEGImages' / '2008_1.jpg')
    dataset = VOC12(str(voc), 'test')
    assert labels(dataset) == {'2008_1': []} and dataset.get_data_info(0)['mask_path'] is None
    assert dataset.metainfo['label_source'] == 'none'


def test_a_split_without_masks_has_none(voc):
    (voc / 'SegmentationClass' / '2007_3.png').unlink()
    assert VOC12(str(voc), 'val').get_data_info(0)['mask_path'] is None


@pytest.mark.parametrize(
    ('damage', 'arguments', 'words'),
    [
        (lambda v: (v / 'JPEGImages' / '2007_2.jpg').unlink(), {}, '1 of 2 images.*2007_2'),
        (None, dict(split='trian'), "split 'trian'.*did you mean 'train'"),
        (None, dict(split='train_aug'), 'train_aug.txt.*sbd.py'),
        (lambda v: (v / 'Annotations' / '2007_1.xml').unlink(), {}, '2007_1.xml'),
        (
            lambda v: (v / 'Annotations' / '2007_1.xml').write_text(
                XML.format(OBJECT.format('dgo', 0))
            ),
            {},
            "2007_1.xml.*'dgo'.*'dog'",
        ),
        (
            lambda v: write_mask(v / 'SegmentationClass' / '2007_1.png', [33]),
            dict(image_labels='masks'),
            r'holds the values \[33\]',
        ),
        (
            lambda v: (v / 'SegmentationClass' / '2007_1.png').unlink(),
            dict(image_labels='masks'),
            '1 of 2 images.*no image label in the masks.*2007_1',
        ),
    ],
)
def test_bad_data_is_named(voc, damage, arguments, words):
    if damage is not None:
        damage(voc)
    with pytest.raises(DataError, match=f'(?si).*{words}'):
        len(VOC12(str(voc), **dict(dict(split='train'), **arguments)))


def test_a_malformed_list_is_named_with_its_line(voc):
    write_lists(voc)
    (voc / 'ImageSets' / 'Main' / 'dog_trainval.txt').write_text('2007_1 1\n2007_2\n')
    with pytest.raises(DataError, match=r'dog_trainval\.txt, line 2'):
        VOC12(str(voc), 'train', image_labels='lists')


def test_no_jpegimages_is_an_error(tmp_path):
    with pytest.raises(DataError, match='no folder JPEGImages.*voc12.py'):
        VOC12(str(tmp_path), 'train')


@pytest.mark.parametrize('arguments', [dict(image_labels='csv'), dict(masks='Class')])
def test_bad_arguments_are_named(arguments):
    with pytest.raises(ConfigError, match=f'VOC12.{next(iter(arguments))}'):
        VOC12(lazy_init=True, **arguments)
