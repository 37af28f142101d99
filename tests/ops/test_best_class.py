# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torch.nn.functional as F

from wsss.ops.best_class import best_class
from wsss.structures import ScoreMaps


def test_best_class_interpolates_before_the_maximum():
    scores = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0))
    maps = ScoreMaps(torch.tensor([0, 2, 3]), scores, size=(11, 9))
    label, score = best_class(maps, (4, 5, 6, 7))
    large = F.interpolate(scores[None], (11, 9), mode='bilinear', align_corners=False)[0]
    assert label.dtype == torch.uint8 and label.shape == score.shape == (11, 9)
    assert torch.equal(score, large.amax(0))
    assert torch.equal(label.long(), torch.tensor([4, 6, 7])[large.argmax(0)])


def test_classes_of_one_label_merge_by_the_maximum():
    scores = torch.tensor([[[0.2, 0.6]], [[0.5, 0.1]], [[0.3, 0.3]]])
    maps = ScoreMaps(torch.tensor([0, 1, 2]), scores, size=(1, 2))
    label, score = best_class(maps, (1, 1, 2))
    assert label.tolist() == [[1, 1]]
    assert torch.equal(score, torch.tensor([[0.5, 0.6]]))


def test_no_class_gives_background_with_score_zero():
    maps = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 2, 2), size=(3, 4))
    label, score = best_class(maps, (1, 2))
    assert label.shape == score.shape == (3, 4)
    assert label.dtype == torch.uint8 and score.dtype == torch.float32
    assert not label.any() and not score.any()


def test_lower_class_wins_a_tie():
    maps = ScoreMaps(torch.tensor([1, 2]), torch.full((2, 1, 1), 0.5), size=(1, 1))
    assert best_class(maps, (1, 2, 3))[0].tolist() == [[2]]


def test_class_without_label_is_refused():
    maps = ScoreMaps(torch.tensor([4]), torch.rand(1, 2, 2), size=(2, 2))
    with pytest.raises(ValueError, match=r'classes \[4\], the data set has the classes 0..1'):
        best_class(maps, (1, 2))
