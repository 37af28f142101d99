# SPDX-License-Identifier: Apache-2.0
"""Labels of maps that carry a background."""

import pytest
import torch

from wsss.errors import ConfigError
from wsss.pseudo_labels.labelers import ArgMax
from wsss.refiners.background import Background
from wsss.structures import ScoreMaps


def row(first, second, background):
    scores = torch.tensor([[first], [second]])
    return ScoreMaps(torch.tensor([0, 2]), scores, (1, len(first)), torch.tensor([background]))


def test_the_largest_wins_a_class_over_an_equal_background_and_zeros_are_ignored():
    maps = row([0.5, 0.2, 0.4, 0.3, 0.0], [0.1, 0.6, 0.4, 0.1, 0.0], [0.4, 0.5, 0.4, 0.31, 0.0])
    assert ArgMax()(maps, (1, 2, 3)).tolist() == [[1, 3, 1, 0, 255]]


def test_low_scores_are_ignored_whoever_has_them():
    maps = row([0.5, 0.2, 0.1], [0.1, 0.1, 0.2], [0.4, 0.5, 0.3])
    assert ArgMax(min_score=0.4)(maps, (1, 2, 3)).tolist() == [[1, 0, 255]]
    assert ArgMax(min_score=0.5)(maps, (1, 2, 3)).tolist() == [[1, 0, 255]]


def test_small_maps_are_enlarged_before_they_are_compared():
    maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.0, 1.0]]]), (1, 4), torch.ones(1, 2) / 2)
    assert ArgMax()(maps, (1,)).tolist() == [[0, 0, 1, 1]]


def test_maps_without_background_are_refused_with_the_refiners_that_give_one():
    maps = ScoreMaps(torch.tensor([0]), torch.rand(1, 2, 2), (4, 4))
    with pytest.raises(ConfigError, match='DenseCRF, ClassMorphology, SuperpixelVote'):
        ArgMax()(maps, (1,))
    assert ArgMax()(Background('x', threshold=0.0).given_to(maps), (1,)).min() == 1


@pytest.mark.parametrize('value', [-0.1, 2, 'x', True])
def test_unusable_values_are_refused(value):
    with pytest.raises(ConfigError, match='ArgMax.min_score'):
        ArgMax(min_score=value)
