# SPDX-License-Identifier: Apache-2.0
"""Stanford Background: its regions, its pictures beside another data set, its converter."""

import importlib.util
import io
import math
import tarfile
from pathlib import Path

import pytest
import torch
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmpretrain.models.heads import MultiLabelLinearClsHead
from PIL import Image

from wsss.datasets import StanfordBackground
from wsss.datasets.converters import convert_stanford_background
from wsss.datasets.converters.stanford_background import read_regions
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.errors import ConfigError, DataError

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'stanford_background.py'
PETS = dict(type='wsss.OxfordPet', label_mode='species', mask_mode='binary')
REGIONS = {'1': '0 0 -1\n7 7 1\n', '2': '-3 2 2\n2 2 6\n'}


def release():
    buffer = io.BytesIO()
    Image.new('RGB', (3, 2)).save(buffer, format='JPEG')
    files = {'horizons.txt': b'1 3 2 1\n2 3 2 1\n'}
    for name, text in REGIONS.items():
        files[f'images/{name}.jpg'] = buffer.getvalue()
        files[f'labels/{name}.regions.txt'] = text.encode()
        files[f'labels/{name}.layers.txt'] = b'0'
    return files


def pack(folder, files):
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / 'iccv09Data.tar.gz', 'w:gz') as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f'iccv09Data/{name}')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return folder


@pytest.fixture
def archives(tmp_path):
    return pack(tmp_path / 'archives', release())


def convert(target, archives, count=2):
    return convert_stanford_background(target, archives.joinpath, count, 2, progress=False)


@pytest.fixture
def root(archives, tmp_path):
    convert(tmp_path / 'stanford_background', archives)
    return tmp_path / 'stanford_background'


def infos(dataset):
    return {i['image_id']: i for i in map(dataset.get_data_info, range(len(dataset)))}


# ------------------------------------------------------------------------------------ the data set
def test_regions_are_eight_classes_with_labels_from_the_masks(root):
    dataset = StanfordBackground(str(root), pipeline=[LoadImage(), LoadMask()])
    assert {k: v['gt_label'] for k, v in infos(dataset).items()} == {'1': [0, 1, 7], '2': [2, 6]}
    assert dataset[0]['gt_seg_map'].tolist() == [[1, 1, 255], [8, 8, 2]]
    names = dataset.metainfo['classes']
    assert [names[i] for i in (1, 2, 3, 7, 8)] == [
        'sky', 'tree', 'road', 'mountain', 'foreground object'
    ]  # fmt: skip


def test_background_has_no_class_and_the_classes_of_the_other(root):
    dataset = StanfordBackground(
        str(root), label_mode='background', classes_of=PETS, pipeline=[LoadImage(), LoadMask()]
    )
    assert all(info['gt_label'] == [] for info in infos(dataset).values())
    assert dataset[0]['gt_seg_map'].tolist() == [[0, 0, 255], [255, 255, 0]]
    assert dataset.metainfo['image_classes'] == ('cat', 'dog') and dataset[0]['num_labels'] == 2


def test_background_trains_beside_another_data_set(root, tmp_path, monkeypatch):
    monkeypatch.setenv('WSSS_DATA_ROOT', str(tmp_path))
    shapes = dict(type='wsss.Shapes', num_images=2)
    pipeline = [dict(type='wsss.LoadImage'), dict(type='mmpretrain.PackInputs')]
    background = dict(type='wsss.StanfordBackground', label_mode='background', classes_of=shapes)
    both = MMENGINE_DATASETS.build(
        dict(
            type='ConcatDataset',
            datasets=[dict(shapes, pipeline=pipeline), dict(background, pipeline=pipeline)],
        )
    )
    samples = [both[0]['data_samples'], both[3]['data_samples']]
    assert len(both) == 4 and samples[0].gt_label.numel() and not samples[1].gt_label.numel()
    head = MultiLabelLinearClsHead(num_classes=5, in_channels=3)
    head.fc.weight.data.zero_(), head.fc.bias.data.zero_()
    # each of the five classes costs log 2 in both images, whatever the label
    loss = head.loss((torch.zeros(2, 3),), samples)['loss']
    assert loss.item() == pytest.approx(5 * math.log(2), rel=1e-4)


def test_background_needs_no_masks(root):
    for path in (root / 'masks').iterdir():
        path.unlink()
    dataset = StanfordBackground(str(root), label_mode='background', classes_of=PETS)
    assert infos(dataset)['1']['mask_path'] is None
    with pytest.raises(DataError, match='2 of 2 images have no mask.*stanford_background.py'):
        len(StanfordBackground(str(root)))


def test_the_folder_of_the_archive_is_found(root, monkeypatch):
    root.rename(root.with_name('iccv09Data'))
    assert len(StanfordBackground(str(root.parent))) == 2
    (root / 'images').mkdir(parents=True)
    monkeypatch.setenv('WSSS_DATA_ROOT', str(root.parent))
    with pytest.raises(DataError, match='has no images'):
        len(StanfordBackground())


def test_a_list_chooses_images(root):
    (root / 'mine.txt').write_text('images/2.jpg\n')
    assert list(infos(StanfordBackground(str(root), 'mine.txt'))) == ['2']
    (root / 'mine.txt').write_text('7\n')
    with pytest.raises(DataError, match='1 of 1 images.*such as 7'):
        len(StanfordBackground(str(root), 'mine.txt'))
    with pytest.raises(DataError, match="neither 'all' nor a list file"):
        len(StanfordBackground(str(root), 'train'))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(label_mode='bg'), 'one of regions, background'),
        (dict(label_mode='background'), 'classes_of goes with'),
        (dict(classes_of=PETS), 'classes_of goes with'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        StanfordBackground(lazy_init=True, **arguments)


def test_no_images_is_an_error(tmp_path):
    with pytest.raises(DataError, match='no folder images.*stanford_background.py'):
        len(StanfordBackground(str(tmp_path)))


# ----------------------------------------------------------------------------------- the converter
def test_archive_becomes_a_data_root_once(archives, tmp_path):
    target = tmp_path / 'made'
    assert convert(target, archives).endswith('made: 2 images, 2 masks of 8 classes')
    assert (target / 'horizons.txt').is_file() and not [p.name for p in target.rglob('.*')]
    assert 'was there already' in convert(target, Path('/nowhere'))
    (target / 'masks' / '2.png').unlink()
    with pytest.raises(DataError, match=r'1 files are missing in .*masks, such as 2\.png'):
        convert(target, archives)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'labels/2.regions.txt': None}, r'1 files are missing in .*labels, such as 2\.regions'),
        ({'images/1.jpg': None}, 'has 1 images instead of 2'),
        ({'images/2.jpg': b'no image'}, r'image 2\.jpg of the archive'),
        ({'labels/2.regions.txt': b'1 2\n3 4\n'}, r'2\.regions\.txt are \(2, 2\)'),
        ({'labels/2.regions.txt': b'1 2 8\n3 4 5\n'}, r'2\.regions\.txt.*holds 8'),
        ({'labels/2.regions.txt': b'1 2 3\n3 4\n'}, r'2\.regions\.txt cannot be used'),
        ({'labels/2.regions.txt': b''}, r'2\.regions\.txt cannot be used'),
        ({'../evil': b'x'}, 'points outside'),
    ],
)
def test_damaged_archives_are_named_and_leave_nothing(tmp_path, changes, words):
    files = release() | changes
    archives = pack(tmp_path / 'a', {k: v for k, v in files.items() if v is not None})
    with pytest.raises(DataError, match=words):
        convert(tmp_path / 'made', archives)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a']


def test_a_table_that_is_too_large_is_refused(tmp_path):
    (tmp_path / 'a.regions.txt').write_bytes(b'1 ' * 5_000_000)
    with pytest.raises(DataError, match=r'a\.regions\.txt.*more than'):
        read_regions(tmp_path / 'a.regions.txt')


def test_tool_prints_one_line(archives, tmp_path, capsys):
    spec = importlib.util.spec_from_file_location('stanford_background_tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    arguments = [str(tmp_path / 'made'), '--archives', str(archives), '--offline']
    assert tool.main(arguments) == 1
    assert 'has 2 images instead of 715' in capsys.readouterr().err
    assert tool.main([*arguments, '--unofficial', '--num-workers', '1']) == 0
    assert capsys.readouterr().out.count('\n') == 1
