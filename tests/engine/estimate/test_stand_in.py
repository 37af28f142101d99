# SPDX-License-Identifier: Apache-2.0
"""Generated images in place of those of a data set."""

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import VOC12, FolderDataset, OxfordPet, WithBackground
from wsss.datasets.mask_io import read_mask
from wsss.engine.estimate.stand_in import StandIn, stand_in
from wsss.errors import ConfigError
from wsss.evaluation.border_truth import BorderTruth


def test_images_have_the_classes_and_masks_the_labels_of_the_data_set(tmp_path):
    real = OxfordPet(held_out=0.1, mask_mode='binary', lazy_init=True)
    images = StandIn(real, tmp_path, 3)
    infos = [images.get_data_info(i) for i in range(3)]
    assert [info['gt_label'] for info in infos] == [[0], [1], [2]]
    assert [info['held_out'] for info in infos] == [True, False, False]
    assert infos[0]['num_labels'] == 2 and images.metainfo['classes'] == ('background', 'pet')
    assert Image.open(infos[0]['img_path']).size == (500, 375)
    assert set(np.unique(Image.open(images.label_map('generated_0')))) == {0, 1, 255}


@pytest.mark.parametrize(('border', 'meaning'), [('ignore', 255), ('fg', 1), ('bg', 0)])
def test_masks_of_pets_are_trimaps_with_a_band(tmp_path, border, meaning):
    real = OxfordPet(mask_mode='binary', border=border, lazy_init=True)
    info = StandIn(real, tmp_path, 1).get_data_info(0)
    path, values = info['mask_path'], info['mask_values']
    trimap = np.asarray(Image.open(path))
    assert set(np.unique(trimap)) == {1, 2, 3} and values == {1: 1, 2: 0, 3: meaning}
    truth = BorderTruth(path, values, 'generated_0').mapped('fg', 'M5').numpy()
    assert (truth == (trimap != 2)).all()
    loaded = read_mask(path, 2, None, values, 'generated_0')
    assert (loaded[trimap == 3] == meaning).all() and (loaded[trimap == 1] == 1).all()


def test_masks_of_an_earlier_stage_hold_label_ids(tmp_path):
    real = OxfordPet(mask_mode='binary', mask_folder='@pseudo_labels/masks', lazy_init=True)
    info = StandIn(real, tmp_path, 1).get_data_info(0)
    assert set(np.unique(Image.open(info['mask_path']))) == {0, 1, 255}
    assert info['mask_values'] is None


def test_images_of_voc_have_several_classes_that_their_masks_show(tmp_path):
    images = StandIn(VOC12(lazy_init=True), tmp_path, 4)
    infos = [images.get_data_info(i) for i in range(4)]
    assert max(len(info['gt_label']) for info in infos) == 2
    for info in infos:
        shown = set(np.unique(Image.open(info['mask_path']))) - {0, 255}
        assert shown == {label + 1 for label in info['gt_label']}
        assert not info['held_out']


def test_folder_has_as_many_classes_as_the_config_says(tmp_path):
    labels = dict(type='wsss.CsvLabels')
    real = FolderDataset(labels=labels, num_classes=2, num_labels=3, lazy_init=True)
    assert StandIn(real, tmp_path, 1).metainfo['image_classes'] == ('class 1', 'class 2')
    with pytest.raises(ConfigError, match='Set data.num_classes'):
        StandIn(FolderDataset(labels=labels, lazy_init=True), tmp_path, 1)


def test_masks_of_an_earlier_stage_have_the_size_that_pictures_are_loaded_in(tmp_path):
    pipeline = [dict(type='wsss.LoadImage', size=(40, 60)), dict(type='wsss.LoadMask')]
    real = OxfordPet(mask_folder='@round1_labels/masks', pipeline=pipeline, lazy_init=True)
    sample = StandIn(real, tmp_path, 1)[0]
    assert sample['img'].shape[:2] == sample['gt_seg_map'].shape == (40, 60)


def test_pictures_of_background_stand_behind_the_images(tmp_path):
    real = WithBackground(
        dict(type='wsss.OxfordPet', mask_mode='binary'),
        dict(type='wsss.BackgroundPictures'),
        extra_class=True,
        exclude='list.txt',
        lazy_init=True,
    )
    images = stand_in(real, tmp_path, 4)
    infos = [images.get_data_info(i) for i in range(len(images))]
    assert [info['gt_label'] for info in infos] == [[0], [1], [37], [37]]
    assert [info.get('all_background', False) for info in infos] == [False, False, True, True]
    assert infos[3]['image_id'] == 'background__generated_1'
    assert len(images.metainfo['image_classes']) == 38
