# SPDX-License-Identifier: Apache-2.0
"""Scores of classes from probabilities of labels, by hand."""

import torch

from wsss.ops.class_scores import class_scores, probabilities_of, spokesmen

PROBABILITIES = torch.tensor([[0.2, 0.5], [0.2, 0.0], [0.6, 0.5], [0.0, 0.0]])


def test_absent_classes_get_nothing_and_the_rest_sums_to_one():
    scores, background = class_scores(PROBABILITIES, [0], (1, 2, 3))
    torch.testing.assert_close(scores, torch.tensor([[0.5, 0.0]]))
    torch.testing.assert_close(background, torch.tensor([0.5, 1.0]))
    scores, background = class_scores(PROBABILITIES, [0, 2], (1, 2, 3))
    torch.testing.assert_close(scores.sum(0) + background, torch.ones(2))


def test_classes_that_share_a_label_count_it_once():
    scores, background = class_scores(PROBABILITIES, [0, 1], (2, 2, 1))
    torch.testing.assert_close(scores, torch.tensor([[0.75, 0.5], [0.75, 0.5]]))
    torch.testing.assert_close(background, torch.tensor([0.25, 0.5]))


def test_an_image_without_classes_is_background():
    scores, background = class_scores(PROBABILITIES[:, :1], [], (1, 2, 3))
    assert scores.shape == (0, 1) and background.tolist() == [1]


def test_where_nothing_is_left_all_scores_are_zero():
    scores, background = class_scores(torch.tensor([[0.0], [0.0], [1.0]]), [0], (1, 2))
    assert not scores.any() and not background.any()


def test_the_first_class_speaks_for_its_label():
    assert spokesmen((2, 1, 2, 1, 3)) == [0, 1, 4]


def test_one_plane_is_the_probability_of_foreground():
    found = probabilities_of(torch.full((1, 2, 2), 0.25))
    assert found.shape == (2, 2, 2) and found[:, 0, 0].tolist() == [0.75, 0.25]
    logits = torch.randn(3, 2, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(probabilities_of(logits), logits.exp() / logits.exp().sum(0))
