# SPDX-License-Identifier: Apache-2.0
"""Labels of a round of self-training."""

import numpy as np
import pytest
import torch

from wsss.datasets.transforms import LabelScores
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_mask
from wsss.structures import ScoreMaps

LABELER = dict(type='ArgMax', min_score=0.7)


def results():
    maps = ScoreMaps(
        torch.tensor([1]),
        torch.tensor([[[0.9, 0.6, 0.1]]]),
        (1, 3),
        torch.tensor([[0.1, 0.4, 0.9]]),
    )
    return dict(image_id='a', score_maps=maps, class_to_label=(1, 2), num_labels=3)


def test_unsure_pixels_are_ignored():
    assert LabelScores(LABELER)(results())['pred_seg_map'].tolist() == [[2, 255, 0]]
    assert LabelScores(LABELER).files('a') == []


def test_labels_of_the_anchor_win_where_it_has_any(tmp_path):
    write_mask(tmp_path / 'a.png', np.array([[255, 1, 255]], np.uint8))
    found = LabelScores(LABELER, anchor=str(tmp_path))(results())['pred_seg_map']
    assert found.tolist() == [[2, 1, 0]] and found.dtype == np.uint8


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(ConfigError, match='LabelScores.labeler'):
        LabelScores(dict(type='ArgMix'))
    with pytest.raises(ConfigError, match='LabelScores.anchor'):
        LabelScores(LABELER, anchor='')
    with pytest.raises(ConfigError, match="'score_maps': put wsss.LoadScores"):
        LabelScores(LABELER)(dict(image_id='a'))
    write_mask(tmp_path / 'a.png', np.zeros((2, 2), np.uint8))
    with pytest.raises(DataError, match='a.png.* 2 x 2 '):
        LabelScores(LABELER, anchor=str(tmp_path))(results())
