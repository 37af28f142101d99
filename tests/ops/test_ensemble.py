# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.ops.ensemble import (
    bg_cue,
    geometric,
    linear,
    maximum,
    mean_models,
    minimum,
    name_foreground,
    product,
)


def maps(*rows):
    """Maps of one row of pixels each, ``(K, 1, W)``."""
    return torch.tensor(rows)[:, None]


AGNOSTIC = torch.tensor([[0.8, 0.5, 1.0]])
SPECIFIC = maps([0.6, 0.0, 1.0], [0.2, 0.0, 0.5])


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_bg_cue_takes_background_from_one_and_classes_from_the_other():
    scores, background = bg_cue(AGNOSTIC, SPECIFIC)
    assert torch.equal(scores, SPECIFIC)
    assert_close(background, torch.tensor([[0.2, 0.5, 0.0]]))


def test_product_shares_the_foreground_and_shares_evenly_where_no_class_responds():
    scores, background = product(AGNOSTIC, SPECIFIC)
    # 0.8 * 3/4, 0.8 * 1/4; 0.5 / 2 each; 2/3, 1/3
    assert_close(scores, maps([0.6, 0.25, 2 / 3], [0.2, 0.25, 1 / 3]))
    assert_close(background, torch.tensor([[0.2, 0.5, 0.0]]))
    assert_close(scores.sum(0) + background, torch.ones(1, 3))


def test_gamma_sharpens_the_shares():
    scores, _ = product(AGNOSTIC, SPECIFIC, gamma=2)
    assert_close(scores, maps([0.8 * 0.9, 0.25, 0.8], [0.8 * 0.1, 0.25, 0.2]))


def test_a_large_gamma_does_not_lose_small_scores():
    scores, _ = product(torch.ones(1, 1), maps([1e-3], [5e-4]), gamma=20)
    assert float(scores[0, 0, 0]) > 0.999999


def test_the_product_with_one_class_is_the_agnostic_map_whatever_the_class_map_says():
    scores, background = product(AGNOSTIC, SPECIFIC[1:], gamma=3)
    assert torch.equal(scores[0], AGNOSTIC) and torch.equal(background, 1 - AGNOSTIC)


def test_product_sums_to_one_for_any_maps():
    generator = torch.Generator().manual_seed(0)
    agnostic = torch.rand(9, 7, generator=generator)
    specific = torch.rand(5, 9, 7, generator=generator).relu().pow(8)
    for gamma in (0.5, 1, 4, 30):
        scores, background = product(agnostic, specific, gamma)
        assert_close(scores.sum(0) + background, torch.ones(9, 7))


def test_geometric_mean_of_both_normalised():
    scores, background = geometric(torch.tensor([[0.9]]), maps([0.4]))
    # sqrt(.9 * .4) = .6, sqrt(.1 * .6) = .24495
    assert_close(scores, maps([0.6 / 0.84495]))
    assert_close(background, torch.tensor([[0.24495 / 0.84495]]))


def test_geometric_weight_of_one_is_the_agnostic_map_and_of_zero_the_class_map():
    scores, background = geometric(AGNOSTIC, SPECIFIC[:1], weight=1)
    assert_close(scores[0], AGNOSTIC)
    scores, background = geometric(AGNOSTIC, SPECIFIC[:1], weight=0)
    assert_close(scores, SPECIFIC[:1])
    assert_close(background, 1 - SPECIFIC[0])


def test_where_both_exclude_each_other_all_get_the_same_share():
    scores, background = geometric(torch.tensor([[0.0]]), maps([1.0], [0.3]))
    assert_close(torch.cat([background[None], scores]), torch.full((3, 1, 1), 1 / 3))


def test_the_agnostic_map_belongs_to_the_best_class_of_a_pixel_the_first_of_equal_ones():
    named = name_foreground(AGNOSTIC, maps([0.6, 0.3, 0.1], [0.2, 0.3, 0.5]))
    assert_close(named, maps([0.8, 0.5, 0.0], [0.0, 0.0, 1.0]))


def test_linear_weighs_the_agnostic_map_of_the_best_class():
    scores, background = linear(AGNOSTIC, SPECIFIC, weight=0.25)
    assert_close(scores, maps([0.2 + 0.45, 0.125, 0.25 + 0.75], [0.15, 0.0, 0.375]))
    assert background is None


def test_maximum_and_minimum_by_pixel_and_class():
    other = maps([0.1, 0.7, 1.0], [0.3, 0.1, 0.0])
    assert_close(maximum([SPECIFIC, other])[0], maps([0.6, 0.7, 1.0], [0.3, 0.1, 0.5]))
    assert_close(minimum([SPECIFIC, other])[0], maps([0.1, 0.0, 1.0], [0.2, 0.0, 0.0]))


def test_models_are_normalised_by_class_before_they_are_averaged():
    weak = maps([0.1, 0.2, 0.0], [0.0, 0.0, 0.0])
    scores, background = mean_models([SPECIFIC, weak])
    # first classes: (.6, 0, 1) and (.5, 1, 0); second: (.4, 0, 1) and nothing
    assert_close(scores, maps([0.55, 0.5, 0.5], [0.2, 0.0, 0.5]))
    assert background is None


@pytest.mark.parametrize('combine', [bg_cue, product, geometric, linear])
def test_scores_stay_in_range(combine):
    scores, background = combine(AGNOSTIC, SPECIFIC)
    for values in (scores, background):
        assert values is None or 0 <= float(values.min()) <= float(values.max()) <= 1
