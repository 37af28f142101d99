# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from PIL import Image

from wsss.datasets.transforms import LoadMask, LoadScores, PackScores
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_json
from wsss.structures import ScoreMaps, ScoreStore


@pytest.fixture
def folder(tmp_path):
    maps = ScoreMaps(torch.tensor([1, 3]), torch.full((2, 2, 3), 0.5), size=(8, 12))
    ScoreStore(tmp_path / 'scores').write('a', maps)
    return str(tmp_path / 'scores')


def test_scores_give_maps_and_size(folder):
    results = LoadScores(folder)(dict(image_id='a', gt_label=[1, 2, 3]))
    assert results['score_maps'].keys.tolist() == [1, 3]
    assert results['ori_shape'] == (8, 12)


def test_scores_of_classes_that_the_image_has_not_are_refused(folder):
    record = dict(image_id='a', gt_label=[1])
    with pytest.raises(DataError, match=r"'a' holds the classes \[1, 3\], .* labels \[1\]"):
        LoadScores(folder)(dict(record))
    assert LoadScores(folder, labels_only=False)(dict(record))['score_maps'].size == (8, 12)


def test_scores_made_with_other_classes_are_refused(folder, tmp_path):
    record = dict(image_id='a', gt_label=[1, 3], image_classes=('ant', 'bee', 'cat', 'dog'))
    write_json(tmp_path / 'index.json', dict(image_classes=['x', 'bee', 'y', 'dog', 'z']))
    assert LoadScores(folder)(dict(record))['score_maps'].keys.tolist() == [1, 3]
    write_json(tmp_path / 'index.json', dict(image_classes=['ant', 'cat', 'bee', 'dog']))
    with pytest.raises(DataError, match="a.npz was made.*class 1 is 'cat' there, of 4, and 'bee'"):
        LoadScores(folder)(dict(record))
    write_json(tmp_path / 'index.json', dict(image_classes=['ant', 'bee']))
    with pytest.raises(DataError, match="class 3 is 'none' there, of 2, and 'dog'"):
        LoadScores(folder, labels_only=False)(dict(record))
    write_json(tmp_path / 'index.json', [])
    with pytest.raises(DataError, match='index.json is not the index of a stage'):
        LoadScores(folder)(dict(record))


def test_missing_scores_name_image_and_file(folder):
    with pytest.raises(DataError, match="b.npz of image 'b' does not exist"):
        LoadScores(folder)(dict(image_id='b'))


def test_folder_must_be_a_path():
    with pytest.raises(ConfigError, match='LoadScores.folder must be a path, got None'):
        LoadScores(None)


def test_truth_of_another_size_than_the_scores_is_refused(folder, tmp_path):
    Image.fromarray(np.zeros((4, 6), np.uint8)).save(tmp_path / 'a.png')
    record = dict(image_id='a', mask_path=str(tmp_path / 'a.png'), num_labels=5)
    with pytest.raises(DataError, match='4 x 6 .* its image is 8 x 12'):
        LoadMask(optional=True)(LoadScores(folder)(record))


def test_packed_sample_holds_what_the_stage_needs(folder, tmp_path):
    mask = np.zeros((8, 12), np.uint8)
    mask[2:4] = 2
    Image.fromarray(mask).save(tmp_path / 'a.png')
    record = dict(
        image_id='a',
        img_path='a.jpg',
        gt_label=[1, 3],
        mask_path=str(tmp_path / 'a.png'),
        num_labels=5,
        held_out=True,
    )
    packed = PackScores()(LoadMask(optional=True)(LoadScores(folder)(record)))
    sample = packed['data_samples']
    assert list(packed) == ['data_samples']
    assert sample.image_id == 'a' and sample.img_path == 'a.jpg' and sample.held_out is True
    assert sample.ori_shape == (8, 12)
    assert sample.gt_label.tolist() == [1, 3]
    assert sample.gt_sem_seg.data.shape == (1, 8, 12)
    assert sample.gt_sem_seg.data.dtype == torch.uint8
    assert sample.gt_sem_seg.data[0, 2, 0] == 2


def test_image_without_truth_is_packed_without_it(folder):
    record = dict(image_id='a', mask_path=None)
    sample = PackScores()(LoadMask(optional=True)(LoadScores(folder)(record)))['data_samples']
    assert 'gt_sem_seg' not in sample and 'gt_label' not in sample and sample.held_out is False
