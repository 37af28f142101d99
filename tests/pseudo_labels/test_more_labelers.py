# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.background import best_label, with_constant_background
from wsss.ops.background_power import power_to_threshold
from wsss.pseudo_labels.labelers import (
    AreaPrior,
    CleanRegions,
    DualThreshold,
    GlobalThreshold,
    IRNConf,
    PerClassThreshold,
    PSAConf,
    Quantile,
)
from wsss.structures import ScoreMaps


def row(*scores):
    """Return maps of one row of pixels, one list of scores per class."""
    scores = torch.tensor(scores)[:, None, :]
    return ScoreMaps(torch.arange(len(scores)), scores, size=tuple(scores.shape[1:]))


def noise(classes=3, seed=0):
    scores = torch.rand(classes, 9, 8, generator=torch.Generator().manual_seed(seed))
    return ScoreMaps(torch.arange(classes), scores, size=(18, 16))


def test_per_class_threshold_by_hand():
    maps = row([0.6, 0.4, 0.6, 0.1], [0.3, 0.25, 0.1, 0.1])
    # score over threshold: 1.2 / 1.5, 0.8 / 1.25, 1.2 / 0.5, 0.2 / 0.5
    assert PerClassThreshold([0.5, 0.2], 'ratio')(maps, (1, 2)).tolist() == [[2, 2, 1, 0]]
    # the best score, then its threshold
    assert PerClassThreshold([0.5, 0.2])(maps, (1, 2)).tolist() == [[1, 0, 1, 0]]


@pytest.mark.parametrize('compare', ['ratio', 'score'])
def test_equal_thresholds_are_a_global_one(compare):
    maps, expected = noise(), GlobalThreshold(0.6)(noise(), (1, 2, 3))
    assert torch.equal(PerClassThreshold([0.6] * 3, compare)(maps, (1, 2, 3)), expected)
    searched = PerClassThreshold(compare=compare).with_threshold(0.6)
    assert torch.equal(searched(maps, (1, 2, 3)), expected)


def test_thresholds_are_those_of_labels_not_of_image_classes():
    maps = ScoreMaps(torch.tensor([2]), torch.tensor([[[0.3, 0.6]]]), size=(1, 2))
    for compare in ('ratio', 'score'):
        assert PerClassThreshold([0.9, 0.5], compare)(maps, (1, 1, 2)).tolist() == [[0, 2]]


def test_found_thresholds_give_a_new_labeler():
    labeler = PerClassThreshold(compare='ratio')
    found = labeler.with_thresholds([0.1, 0.2])
    assert found.thresholds == (0.1, 0.2) and found.compare == 'ratio' and not found.searchable
    assert labeler.thresholds is None and labeler.searchable


def test_label_without_threshold_is_an_error():
    for compare in ('ratio', 'score'):
        with pytest.raises(ConfigError, match='one threshold for each label 1..3'):
            PerClassThreshold([0.1, 0.2], compare)(row([0.1], [0.2], [0.3]), (1, 2, 3))


def test_quantile_keeps_the_top_of_every_map():
    maps = row([0.1, 0.2, 0.3, 0.4], [0.09, 0.07, 0.08, 0.06])
    assert Quantile(0.5)(maps, (1, 2)).tolist() == [[2, 0, 1, 1]]
    assert Quantile(0.0, low=0.0)(row([0.0, 0.5]), (1,)).tolist() == [[1, 1]]
    assert not Quantile(1.0)(row([0.2, 0.5]), (1,)).any()
    assert Quantile(0.0, low=0.3)(row([0.2, 0.5]), (1,)).tolist() == [[0, 1]]


def test_quantile_does_not_feel_the_height_of_a_map():
    maps = noise(1)
    lower = replace(maps, scores=maps.scores / 2)
    assert torch.equal(Quantile(0.7)(maps, (1,)), Quantile(0.7)(lower, (1,)))


def test_area_prior_keeps_the_share_of_the_image():
    label = AreaPrior(0.25)(noise(), (1, 2, 3))
    assert int((label != 0).sum()) == 18 * 16 // 4
    everything = GlobalThreshold(0.0)(noise(), (1, 2, 3))
    assert torch.equal(label[label != 0], everything[label != 0])
    assert not AreaPrior(0.0)(noise(), (1, 2, 3)).any()
    assert AreaPrior(1.0, low=0.4)(row([0.3, 0.5]), (1,)).tolist() == [[0, 1]]


def test_irn_confidence_without_refiner_is_a_dual_threshold():
    for seed in range(3):
        maps = noise(seed=seed)
        expected = DualThreshold(0.35, 0.7)(maps, (1, 2, 3))
        assert torch.equal(IRNConf(0.7, 0.35)(maps, (1, 2, 3)), expected)


def test_psa_confidence_without_refiner_is_a_dual_threshold():
    low, high = power_to_threshold(2), power_to_threshold(0.5)
    for seed in range(3):
        maps = noise(seed=seed)
        expected = DualThreshold(low, high)(maps, (1, 2, 3))
        assert {0, 255} <= set(expected.unique().tolist())
        assert torch.equal(PSAConf(0.5, 2)(maps, (1, 2, 3)), expected)


def view(labels):
    """Return maps of two classes and background whose argmax is ``labels``, as a refiner may."""
    scores = torch.nn.functional.one_hot(torch.tensor(labels), 3).float().T[:, None]
    maps = ScoreMaps(torch.arange(2), scores[1:], (1, len(labels)))
    return replace(maps, background=scores[0])


@pytest.mark.parametrize(
    'labeler, expected',
    [(IRNConf(), [0, 255, 1, 1, 1]), (PSAConf(), [0, 255, 1, 1, 0])],
)
def test_refined_views_are_merged_by_the_rule_of_the_source(labeler, expected):
    strong, weak = view([0, 0, 1, 1, 1]), view([0, 2, 1, 2, 0])
    assert labeler.merge((strong, weak), (1, 2)).tolist() == [expected]


@pytest.mark.parametrize('labeler', [IRNConf(), PSAConf()])
def test_a_refiner_fits_between_the_two_steps(labeler):
    maps = noise()
    strong, weak = labeler.branches(maps)
    assert strong.size == weak.size == (18, 16)
    assert strong.background.shape == (18, 16) and bool(
        (strong.background >= weak.background).all()
    )
    # a refiner that sees no background
    bare = [replace(m, background=torch.zeros_like(m.background)) for m in (strong, weak)]
    expected = best_label(with_constant_background(maps, 0.0), (1, 2, 3))
    assert torch.equal(labeler.merge(tuple(bare), (1, 2, 3)), expected)
    with pytest.raises(ValueError, match='need a background'):
        labeler.merge((maps, maps), (1, 2, 3))


def test_regions_are_cleaned_in_order():
    maps = row([0.9, 0.9, 0.1, 0.8, 0.1, 0.8, 0.8, 0.8])
    inside = dict(type='GlobalThreshold', threshold=0.5)
    as_it_is = [[1, 1, 0, 1, 0, 1, 1, 1]]
    assert CleanRegions(inside)(maps, (1,)).tolist() == as_it_is
    small = CleanRegions(inside, min_area=0.25)(maps, (1,))
    assert small.tolist() == [[1, 1, 0, 0, 0, 1, 1, 1]]
    largest = CleanRegions(inside, largest_component=True)(maps, (1,))
    assert largest.tolist() == [[0, 0, 0, 0, 0, 1, 1, 1]]
    ring = torch.full((1, 3, 3), 0.9)
    ring[0, 1, 1] = 0.1
    filled = CleanRegions(inside, fill_holes=True)(ScoreMaps(torch.tensor([0]), ring, (3, 3)), (1,))
    assert (filled == 1).all()


def test_cleaning_passes_the_search_on():
    labeler = CleanRegions(dict(type='PerClassThreshold'), min_area=0.1, fill_holes=True)
    assert labeler.searchable and labeler.threshold is None and labeler.protocol == 'fixed'
    found = labeler.with_thresholds([0.2, 0.4])
    assert found.labeler.thresholds == (0.2, 0.4) and not found.searchable
    assert (found.min_area, found.largest_component, found.fill_holes) == (0.1, False, True)
    assert found.describe()['labeler']['thresholds'] == [0.2, 0.4]
    assert CleanRegions(dict(type='Otsu')).protocol == 'label_free'
    with pytest.raises(ConfigError, match='PerClassThreshold has no threshold yet'):
        labeler(row([0.5]), (1,))


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: PerClassThreshold([0.1, 2]), r'PerClassThreshold.thresholds\[1\] must be'),
        (lambda: PerClassThreshold([]), 'needs a number for each label'),
        (lambda: PerClassThreshold([0.1, None]), r'thresholds\[1\] must be a number in'),
        (lambda: PerClassThreshold(0.3), 'must be a list of numbers'),
        (lambda: PerClassThreshold([0.1], threshold=0.2), 'not both'),
        (lambda: PerClassThreshold(compare='max'), 'compare must be one of score, ratio'),
        (lambda: PerClassThreshold([0.1]).with_threshold(0.2), 'no threshold to be set'),
        (lambda: GlobalThreshold().with_thresholds([0.2]), 'no threshold for each label'),
        (lambda: Quantile(1.2), 'Quantile.q must be'),
        (lambda: Quantile(None), 'Quantile.q must be'),
        (lambda: AreaPrior(-0.1), 'AreaPrior.area must be'),
        (lambda: AreaPrior(low=None), 'AreaPrior.low must be'),
        (lambda: IRNConf(0.1, 0.2), 'bg must not be larger than fg'),
        (lambda: IRNConf(fg=None), 'IRNConf.fg must be'),
        (lambda: PSAConf(8, 4), 'alpha_low must not be larger'),
        (lambda: PSAConf(0), 'PSAConf.alpha_low must be a number above 0'),
        (lambda: PSAConf(1, True), 'PSAConf.alpha_high must be a number above 0'),
        (lambda: CleanRegions(dict(type='Otzu')), "'Otzu' is not a registered.*Otsu"),
        (lambda: CleanRegions(dict(type='Otsu'), min_area=12), 'CleanRegions.min_area must be'),
        (lambda: CleanRegions(dict(type='Otsu'), min_area=None), 'got None'),
        (lambda: CleanRegions(dict(type='Otsu'), fill_holes=1), 'fill_holes must be True or False'),
    ],
)
def test_values_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
