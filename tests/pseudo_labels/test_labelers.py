# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch
from skimage.filters import threshold_otsu

from wsss.errors import ConfigError
from wsss.pseudo_labels.labelers import BackgroundPower, DualThreshold, GlobalThreshold, Otsu
from wsss.structures import ScoreMaps


def row(*scores, keys=None):
    """Return maps of one row of pixels, one list of scores per class."""
    scores = torch.tensor(scores)[:, None, :]
    keys = torch.arange(len(scores)) if keys is None else torch.tensor(keys)
    return ScoreMaps(keys, scores, size=tuple(scores.shape[1:]))


def test_global_threshold_by_hand():
    maps = row([0.1, 0.3, 0.6, 0.2], [0.2, 0.2, 0.7, 0.3], keys=[1, 4])
    label = GlobalThreshold(0.3)(maps, (1, 2, 3, 4, 5))
    assert label.tolist() == [[0, 2, 5, 5]]


def test_score_equal_to_the_threshold_is_foreground():
    assert GlobalThreshold(0.3)(row([0.3, 0.29999]), (1,)).tolist() == [[1, 0]]


def test_global_threshold_is_the_argmax_with_a_constant_channel():
    scores = torch.rand(3, 12, 9, generator=torch.Generator().manual_seed(0))
    maps = ScoreMaps(torch.arange(3), scores, size=(12, 9))
    with_background = torch.cat([torch.full((1, 12, 9), 0.55), scores])
    expected = with_background.argmax(0)
    assert torch.equal(GlobalThreshold(0.55)(maps, (1, 2, 3)).long(), expected)


def test_dual_threshold_by_hand():
    label = DualThreshold(0.4, 0.6)(row([0.39, 0.4, 0.59, 0.6, 1.0]), (3,))
    assert label.tolist() == [[0, 255, 255, 3, 3]]


def test_dual_threshold_lies_around_the_searched_one():
    labeler = DualThreshold(margin_low=0.1, margin_high=0.125)
    assert labeler.searchable and labeler.threshold is None
    found = labeler.with_threshold(0.25)
    assert (found.low, found.high, found.threshold) == (0.15, 0.375, 0.25)
    clipped = labeler.with_threshold(0.05)
    assert clipped.low == 0.0
    assert labeler.with_threshold(1.0).high == 1.0


def test_dual_threshold_marks_nothing_where_there_is_no_class():
    maps = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 2, 2), size=(2, 2))
    assert not DualThreshold(0.0, 0.5)(maps, (1,)).any()


@pytest.mark.parametrize('alpha', [1, 2, 4, 8, 16, 24, 32])
def test_background_power_is_the_argmax_with_the_powered_channel(alpha):
    scores = torch.rand(2, 40, 30, generator=torch.Generator().manual_seed(alpha)).double()
    maps = ScoreMaps(torch.arange(2), scores.float(), size=(40, 30))
    scores = scores.float().double()
    background = (1 - scores.amax(0)) ** alpha
    expected = torch.cat([background[None], scores]).argmax(0)
    assert torch.equal(BackgroundPower(alpha)(maps, (1, 2)).long(), expected)


def test_background_power_takes_the_searched_threshold_as_alpha():
    labeler = BackgroundPower().with_threshold(0.5)
    assert labeler.alpha == pytest.approx(1.0) and labeler.threshold == 0.5
    assert BackgroundPower().with_threshold(0.0).alpha == math.inf
    assert BackgroundPower().with_threshold(0.0).describe()['alpha'] is None


def test_otsu_equals_scikit_image_per_class():
    generator = torch.Generator().manual_seed(0)
    low, high = torch.rand(2, 2, 20, 30, generator=generator)
    scores = torch.where(
        torch.rand(2, 20, 30, generator=generator) < 0.3, 0.6 + 0.4 * high, low / 3
    )
    maps = ScoreMaps(torch.tensor([0, 1]), scores, size=(20, 30))
    cuts = torch.tensor([threshold_otsu(m.double().numpy()) for m in scores])
    reached = scores.double() >= cuts[:, None, None]
    best = torch.where(reached, scores, -torch.ones(()))
    expected = torch.where(reached.any(0), best.argmax(0) + 1, 0)
    assert torch.equal(Otsu()(maps, (1, 2)).long(), expected)


def test_otsu_keeps_an_empty_map_background():
    assert not Otsu()(row([0.0, 0.0, 0.0]), (1,)).any()


def test_otsu_clamps_its_thresholds():
    maps = row([0.2, 0.4, 0.9])
    assert Otsu(low=0.95, high=1.0)(maps, (1,)).tolist() == [[0, 0, 0]]
    assert Otsu(low=0.0, high=0.3)(maps, (1,)).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    'labeler', [GlobalThreshold(), BackgroundPower(), DualThreshold(margin_low=0, margin_high=0)]
)
def test_labeler_without_threshold_says_how_to_give_one(labeler):
    with pytest.raises(ConfigError, match='has no threshold yet.*HeldOutThreshold'):
        labeler(row([0.5]), (1,))


@pytest.mark.parametrize('labeler', [Otsu(), DualThreshold(0.2, 0.4)])
def test_labeler_that_is_not_searchable_refuses_a_threshold(labeler):
    with pytest.raises(ConfigError, match='has no threshold to be set or searched'):
        labeler.with_threshold(0.3)


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: GlobalThreshold(1.2), r'GlobalThreshold.threshold must be a number in \[0, 1\]'),
        (lambda: GlobalThreshold('0.2'), "GlobalThreshold.threshold .* got '0.2'"),
        (lambda: GlobalThreshold(True), 'GlobalThreshold.threshold'),
        (lambda: DualThreshold(), 'either low and high, or margin_low and margin_high'),
        (lambda: DualThreshold(0.2), 'either low and high'),
        (lambda: DualThreshold(0.2, 0.4, margin_low=0.1), 'either low and high'),
        (lambda: DualThreshold(0.2, 0.4, threshold=0.3), 'either low and high'),
        (lambda: DualThreshold(0.6, 0.4), 'low must not be larger than high, got low=0.6'),
        (lambda: BackgroundPower(0), 'BackgroundPower.alpha must be a number above 0, got 0'),
        (lambda: BackgroundPower(4, 0.3), 'alpha or threshold'),
        (lambda: Otsu(bins=1), 'Otsu.bins must be an integer of at least 2, got 1'),
        (lambda: Otsu(low=0.9, high=0.1), 'Otsu.low must not be larger than high'),
    ],
)
def test_values_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_the_band_of_a_dual_threshold_may_be_a_label():
    labeler = DualThreshold(0.4, 0.6, between=1)
    assert labeler(row([0.39, 0.4, 0.6]), (2,)).tolist() == [[0, 1, 2]]
    assert labeler.describe()['between'] == 1
    around = DualThreshold(margin_low=0.1, margin_high=0.1, between=3).with_threshold(0.5)
    assert around(row([0.3, 0.5, 0.7]), (2,)).tolist() == [[0, 3, 2]]
    with pytest.raises(ConfigError, match='DualThreshold.between'):
        DualThreshold(0.4, 0.6, between=256)
