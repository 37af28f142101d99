# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.ops.own_threshold import best_reached
from wsss.ops.top_fraction import top_fraction_thresholds


@pytest.mark.parametrize('fraction, kept', [(0, 0), (0.1, 1), (0.25, 3), (0.5, 5), (1, 10)])
def test_the_wanted_share_of_distinct_values_is_kept(fraction, kept):
    values = torch.rand(3, 10, generator=torch.Generator().manual_seed(0))
    thresholds = top_fraction_thresholds(values, fraction)
    assert ((values >= thresholds[:, None]).sum(1) == kept).all()


def test_equal_values_are_kept_together():
    thresholds = top_fraction_thresholds(torch.tensor([[0.5, 0.5, 0.5, 0.1]]), 0.25)
    assert thresholds.tolist() == [0.5]


@pytest.mark.parametrize('shape, fraction', [((2, 0), 0.5), ((4,), 0.5), ((1, 4), 1.5)])
def test_what_cannot_be_kept_is_refused(shape, fraction):
    with pytest.raises(ValueError, match='must be'):
        top_fraction_thresholds(torch.rand(shape), fraction)


def test_classes_compete_by_score_or_by_ratio():
    scores = torch.tensor([[[0.6, 0.6, 0.4, 0.0]], [[0.3, 0.1, 0.9, 0.0]]])
    thresholds, labels = torch.tensor([0.5, 0.2]), torch.tensor([4, 7], dtype=torch.uint8)
    assert best_reached(scores, thresholds, labels).tolist() == [[4, 4, 7, 0]]
    assert best_reached(scores, thresholds, labels, ratio=True).tolist() == [[7, 4, 7, 0]]


def test_threshold_of_zero_is_always_reached():
    zero, labels = torch.zeros(1), torch.tensor([3], dtype=torch.uint8)
    for ratio in (False, True):
        assert best_reached(torch.zeros(1, 1, 2), zero, labels, ratio).tolist() == [[3, 3]]
