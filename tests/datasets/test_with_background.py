# SPDX-License-Identifier: Apache-2.0
"""Pictures of background beside a data set."""

import numpy as np
import pytest
import torch
from mmpretrain.datasets.transforms import PackInputs
from PIL import Image

from wsss.datasets import BackgroundPictures, FolderDataset, WithBackground
from wsss.datasets.transforms import LoadImage, LoadMask
from wsss.engine.fingerprint import changed_keys, fingerprint
from wsss.engine.references import References
from wsss.engine.stage import Stage
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask


def paint(path, value, size=(6, 5)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', size, (value, value, value)).save(path)


@pytest.fixture
def root(tmp_path):
    """Three pictures of two classes with masks, four scenes with masks that must not be read."""
    for i in range(3):
        paint(tmp_path / f'mine/images/{i}.png', 10 * i)
        write_mask(tmp_path / f'mine/masks/{i}.png', np.full((5, 6), 1 + i % 2, np.uint8))
    rows = ['file,labels', '0.png,x', '1.png,y', '2.png,x']
    (tmp_path / 'mine/labels.csv').write_text('\n'.join(rows))
    for i in range(4):
        paint(tmp_path / f'scenes/images/{i}.jpg', 100 + 20 * i)
        write_mask(tmp_path / f'scenes/masks/{i}.png', np.full((5, 6), 7, np.uint8))
    return tmp_path


def main(root, **kwargs):
    labels = dict(type='wsss.CsvLabels', file='labels.csv')
    places = dict(data_root=str(root / 'mine'), images='images', masks='masks', split='all')
    return dict(type='wsss.FolderDataset', labels=labels, **places, **kwargs)


def scenes(root):
    return dict(type='wsss.BackgroundPictures', data_root=str(root / 'scenes'))


def both(root, **kwargs):
    return WithBackground(main(root), scenes(root), **kwargs)


def infos(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


@pytest.mark.parametrize(
    ('extra_class', 'label', 'classes'),
    [(False, [], ('x', 'y')), (True, [2], ('x', 'y', 'background scenes'))],
)
def test_pictures_come_behind_with_no_class_or_one_of_their_own(root, extra_class, label, classes):
    dataset = both(root, extra_class=extra_class)
    assert [info['gt_label'] for info in infos(dataset)] == [[0], [1], [0], *[label] * 4]
    assert dataset.metainfo['image_classes'] == classes
    assert dataset.metainfo['classes'] == ('background', 'x', 'y')
    assert dataset.metainfo['class_to_label'] == (1, 2, 0)[: len(classes)]
    ids = [info['image_id'] for info in infos(dataset)]
    assert ids == ['0', '1', '2', *(f'background__{i}' for i in range(4))]


def test_samples_pass_the_pipeline_and_masks_are_all_background(root):
    pipeline = [LoadImage(), LoadMask(), PackInputs()]
    dataset = both(root, extra_class=True, pipeline=pipeline[:2])
    assert np.unique(dataset[1]['gt_seg_map']).tolist() == [2]
    mask = dataset[4]['gt_seg_map']
    assert mask.shape == (5, 6) and mask.dtype == np.uint8 and not mask.any()
    assert dataset[4]['num_labels'] == 3 and dataset[4]['seg_fields'] == ['gt_seg_map']
    packed = both(root, extra_class=True, pipeline=[pipeline[0], pipeline[2]])[5]
    assert packed['data_samples'].gt_label.tolist() == [2]
    assert both(root, pipeline=[pipeline[0], pipeline[2]])[5]['data_samples'].gt_label.numel() == 0
    assert packed['inputs'].dtype == torch.uint8


@pytest.mark.parametrize('place', ['images', 'iccv09Data/images', 'a/b'])
def test_pictures_are_found_in_their_folder_or_anywhere_below(tmp_path, place):
    paint(tmp_path / place / 'p.jpg', 0)
    dataset = BackgroundPictures(str(tmp_path))
    name = 'a__b__p' if place == 'a/b' else 'p'
    assert [info['image_id'] for info in infos(dataset)] == [name]
    assert dataset.metainfo['classes'] == ('background',)


def test_a_missing_folder_is_named_with_the_key_that_sets_it(root):
    with pytest.raises(DataError, match=r'nowhere is not a folder.*background\.data_root=DIR'):
        WithBackground(main(root), dict(scenes(root), data_root=str(root / 'nowhere')))


def test_the_main_data_set_is_the_same_with_and_without(root):
    alone = FolderDataset(**{k: v for k, v in main(root).items() if k != 'type'})
    assert both(root, extra_class=True).datasets[0].index_digest() == alone.index_digest()


@pytest.mark.parametrize('names', ['1.jpg\n3', '# cats\n\n3\n1'])
def test_a_list_leaves_pictures_out(root, names):
    (root / 'scenes/animals.txt').write_text(names)
    expected = ['background__0', 'background__2']
    for path in ('animals.txt', str(root / 'scenes/animals.txt')):
        dataset = both(root, exclude=path)
        assert [info['image_id'] for info in infos(dataset)[3:]] == expected


def test_a_name_that_is_not_there_is_refused(root):
    (root / 'scenes/animals.txt').write_text('1.jpg\n7.jpg')
    with pytest.raises(DataError, match=r'animals\.txt: 1 of 2 names .* such as 7\.jpg\. Did you'):
        both(root, exclude='animals.txt')
    (root / 'scenes/animals.txt').write_text('0\n1\n2\n3')
    with pytest.raises(DataError, match='BackgroundScenes.*no images'):
        both(root, exclude='animals.txt')


def test_pictures_with_labels_are_refused(root):
    with pytest.raises(DataError, match=r'3 of 3 pictures have labels, such as 0, 1, 2'):
        WithBackground(main(root), main(root))


def test_an_image_id_in_both_parts_is_refused(root):
    (root / 'mine/images/1.png').rename(root / 'mine/images/background__3.png')
    (root / 'mine/masks/1.png').rename(root / 'mine/masks/background__3.png')
    labels = root / 'mine/labels.csv'
    labels.write_text(labels.read_text().replace('1.png', 'background__3.png'))
    with pytest.raises(DataError, match="image id 'background__3' is in dataset and in background"):
        both(root)


def test_it_is_refused_for_validation_and_test(root):
    with pytest.raises(ConfigError, match='test_mode=True.*@data/val'):
        both(root, test_mode=True)
    with pytest.raises(ConfigError, match='test_mode=True'):
        WithBackground(main(root, test_mode=True), scenes(root))


def test_other_wrong_arguments_are_named(root):
    with pytest.raises(ConfigError, match=r'extra_class must be True or False'):
        both(root, extra_class=1)
    concat = dict(type='mmengine.ConcatDataset', datasets=[scenes(root)])
    with pytest.raises(ConfigError, match=r'background: ConcatDataset lists no images'):
        WithBackground(main(root), concat)


# ------------------------------------------------------------------------------ what makes it stale
def config(root, **kwargs):
    loader = dict(
        batch_size=2,
        dataset=dict(
            type='wsss.WithBackground',
            dataset=main(root),
            background=scenes(root),
            pipeline=[dict(type='wsss.LoadImage')],
        ),
        sampler=dict(type='wsss.BackgroundRatioSampler', background_ratio=0.25),
    )
    loader['sampler'].update(kwargs)
    return dict(pipeline=['a'], a=dict(run='train', model=dict(), train_dataloader=loader))


def test_a_changed_picture_or_ratio_makes_the_stage_stale_and_a_moved_folder_does_not(root):
    before = fingerprint(config(root), ['a'], 'a')
    write_mask(root / 'scenes/masks/0.png', np.zeros((5, 6), np.uint8))
    assert changed_keys(before, fingerprint(config(root), ['a'], 'a')) == []
    (line,) = changed_keys(before, fingerprint(config(root, background_ratio=0.5), ['a'], 'a'))
    assert line == 'train_dataloader.sampler.background_ratio: 0.25 -> 0.5'
    moved = config(root)
    (root / 'scenes').rename(root / 'elsewhere')
    background = moved['a']['train_dataloader']['dataset']['background']
    background['data_root'] = str(root / 'elsewhere')
    assert changed_keys(before, fingerprint(moved, ['a'], 'a')) == []
    paint(root / 'elsewhere/images/2.jpg', 3)
    (line,) = changed_keys(before, fingerprint(moved, ['a'], 'a'))
    assert line.startswith('index of train_dataloader')


def test_every_file_of_both_parts_is_looked_at_before_the_stage_starts(root):
    whole = config(root)
    stage = Stage(whole, 'a', References(whole, ['a'], lambda name: root), root / 'run')
    stage.verify_files()
    (root / 'scenes/images/2.jpg').write_bytes(b'no picture')
    with pytest.raises(DataError, match=r'1 files cannot be used:\n  background__2: '):
        stage.verify_files()
