# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, PixelData
from PIL import Image

from wsss.errors import DataError
from wsss.fileio import write_mask
from wsss.structures import ScoreMaps, WSSSDataSample
from wsss.visualization.sample_panels import Legend, sample_row

META = dict(classes=('background', 'cat', 'dog', 'cow'), palette=[[0, 0, 0], [9, 0, 0], [0, 9, 0]])


@pytest.fixture
def record(tmp_path):
    Image.fromarray(np.full((40, 80, 3), 120, np.uint8)).save(tmp_path / 'a.png')
    mask = np.zeros((40, 80), np.uint8)
    mask[:20] = 2
    mask[20:30] = 255
    write_mask(tmp_path / 'mask.png', mask)
    return dict(
        image_id='a', img_path=str(tmp_path / 'a.png'), gt_label=[1],
        mask_path=str(tmp_path / 'mask.png'), mask_values=None, num_labels=4,
    )  # fmt: skip


def panels(sample, record, legend=None):
    row, columns = sample_row(sample, record, legend or Legend.from_metainfo(META), 64)
    return row, dict(zip(columns, row.panels))


def test_classifier_sample_shows_truth_and_marks_wrong_guess(record):
    sample = BaseDataElement(gt_label=torch.tensor([1]), pred_score=torch.tensor([0.7, 0.2, 0.1]))
    row, found = panels(sample, record)
    assert list(found) == ['image']
    assert found['image'].caption == 'truth: dog\ncat 0.70\ndog 0.20'
    assert found['image'].wrong and list(found['image'].red_lines) == [1]
    right = BaseDataElement(gt_label=torch.tensor([0]), pred_score=torch.tensor([0.7, 0.2, 0.1]))
    assert not panels(right, record)[1]['image'].wrong


def test_half_precision_outputs_are_drawn(record):
    sample = WSSSDataSample(gt_label=torch.tensor([1]))
    sample.score_maps = ScoreMaps(torch.tensor([1]), torch.rand(1, 5, 5).half(), (40, 80))
    scored = BaseDataElement(pred_score=torch.tensor([0.5, 0.25], dtype=torch.bfloat16))
    assert 'map' in panels(sample, record)[1]
    assert 'cat 0.50' in panels(scored, record)[1]['image'].caption


def test_multi_label_guess_is_wrong_only_where_it_is_absent(record):
    sample = BaseDataElement(
        gt_label=torch.tensor([0, 1]), pred_score=torch.tensor([0.9, 0.1, 0.5])
    )
    found = panels(sample, record)[1]['image']
    assert found.wrong and list(found.red_lines) == [2]


def test_cam_sample_shows_two_maps_and_the_truth_of_the_data_set(record):
    sample = WSSSDataSample(gt_label=torch.tensor([0, 1, 2]))
    sample.score_maps = ScoreMaps(torch.arange(3), torch.rand(3, 5, 10), (40, 80))
    row, found = panels(sample, record)
    assert list(found) == ['image', 'map', 'map 2', 'truth']
    assert found['map'].caption == 'cat' and found['map 2'].caption == 'dog (+1 more)'
    assert found['truth'].caption == 'dog\nvoid 25%'
    assert found['map'].image.shape == (32, 64, 3)
    assert [name for name, _ in row.tags] == ['cat', 'dog', 'cow']


def test_pseudo_label_sample_shows_label_and_segmentor_prediction(record):
    label = PixelData(data=torch.full((1, 40, 80), 1))
    ours = WSSSDataSample(pred_sem_seg=label)
    theirs = BaseDataElement(pred_sem_seg=label, gt_sem_seg=PixelData(data=torch.zeros(1, 40, 80)))
    assert panels(ours, record)[1]['label'].caption == 'cat'
    found = panels(theirs, record)[1]
    assert list(found) == ['image', 'prediction', 'truth']
    assert found['truth'].caption == 'background only'


def test_sample_without_anything_shows_the_image(record):
    row, found = panels(BaseDataElement(), dict(img_path=record['img_path']))
    assert list(found) == ['image'] and row.title == 'a'


def test_sample_with_no_present_class_says_so(record):
    sample = WSSSDataSample(gt_label=torch.zeros(0, dtype=torch.long))
    sample.score_maps = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.rand(0, 5, 5), (40, 80))
    assert panels(sample, record)[1]['map'].caption == 'no class present'


def test_missing_image_is_named(record):
    with pytest.raises(DataError, match="'a'"):
        panels(BaseDataElement(), {**record, 'img_path': '/nowhere.png'})


def test_legend_colours_classes_by_their_label():
    meta = dict(
        classes=('background', 'pet'), image_classes=('pug', 'siamese'), class_to_label=(1, 1),
        palette=[[0, 0, 0], [9, 8, 7]],
    )  # fmt: skip
    legend = Legend.from_metainfo(meta)
    assert legend.image_class(1) == 'siamese' and legend.label(1) == 'pet'
    assert legend.colour(0) == legend.colour(1) == (9, 8, 7)


def test_legend_works_without_metainfo():
    legend = Legend.from_metainfo(None)
    assert legend.label(3) == 'label 3' and legend.image_class(2) == 'class 2'
    assert len(legend.colour(254)) == 3


def test_regions_of_a_stage_and_of_the_first_person_are_outlined(record):
    halves = torch.arange(80).expand(1, 40, 80) // 40
    quarters = torch.stack([torch.arange(80).expand(40, 80) // 20, torch.zeros(40, 80).long()])
    sample = WSSSDataSample(pred_regions=PixelData(data=halves))
    sample.human_regions = PixelData(data=quarters)
    found = panels(sample, record)[1]
    assert list(found) == ['image', 'superpixels', 'by a person']
    assert (found['superpixels'].caption, found['by a person'].caption) == (
        '2 regions',
        '4 regions',
    )
    lines = [
        (found[name].image == (255, 255, 0)).all((0, 2)).nonzero()[0].tolist() for name in found
    ]
    assert lines == [[], [31], [15, 31, 47]]
