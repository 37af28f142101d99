# SPDX-License-Identifier: Apache-2.0
import itertools

import pytest
import torch

from wsss.ops.confusion import confusion_matrix, mean_iou
from wsss.ops.label_thresholds import best_label_thresholds, confusion_with
from wsss.ops.threshold_curve import score_histogram

GRID = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64)


def images(seed=0, num_labels=4, size=400):
    """Return truth, best label and score, with labels of different heights."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(0, num_labels, (20, size // 20), generator=generator)
    noise = torch.rand(truth.shape, generator=generator)
    label = torch.where(truth > 0, truth, 1 + (noise * (num_labels - 1)).long())
    height = torch.tensor([0.0, 0.25, 0.5, 0.75])[label]
    score = height * (truth > 0) + torch.rand(truth.shape, generator=generator) * 0.4
    truth[0, :5] = 255
    return truth, label, score.clamp(0, 1)


@pytest.mark.parametrize('indices', [(0, 0, 0), (1, 4, 2), (4, 0, 3)])
def test_confusion_is_that_of_labelling_with_a_threshold_for_each_label(indices):
    truth, label, score = images()
    own = torch.cat([torch.zeros(1), GRID[list(indices)].float()])
    expected = confusion_matrix(truth, label.masked_fill(score < own[label], 0), 4)
    histogram = score_histogram(truth, label, score, GRID, 4)
    assert torch.equal(confusion_with(histogram, torch.tensor(indices)), expected)


@pytest.mark.parametrize('seed', range(4))
def test_search_finds_the_best_of_all_combinations(seed):
    histogram = score_histogram(*images(seed), GRID, 4)
    tried = {
        indices: float(mean_iou(confusion_with(histogram, torch.tensor(indices))))
        for indices in itertools.product(range(len(GRID)), repeat=3)
    }
    found = tuple(best_label_thresholds(histogram, start=2).tolist())
    assert tried[found] == pytest.approx(max(tried.values()))


@pytest.mark.parametrize('start', range(5))
def test_search_is_never_worse_than_its_start(start):
    histogram = score_histogram(*images(7), GRID, 4)
    before = mean_iou(confusion_with(histogram, torch.full((3,), start)))
    found = best_label_thresholds(histogram, start)
    assert mean_iou(confusion_with(histogram, found)) >= before


def test_frozen_labels_keep_the_start():
    histogram = score_histogram(*images(1), GRID, 4)
    frozen = torch.tensor([False, True, False, True])
    found = best_label_thresholds(histogram, 4, frozen).tolist()
    assert found[0] == found[2] == 4 and found[1] != 4


def test_single_label_gives_the_single_best_threshold_and_the_lowest_of_equal_ones():
    truth, label = torch.tensor([[0, 0, 1, 1]]), torch.ones(1, 4, dtype=torch.long)
    histogram = score_histogram(truth, label, torch.tensor([[0.1, 0.2, 0.8, 0.9]]), GRID, 2)
    assert best_label_thresholds(histogram, 4).tolist() == [1]
