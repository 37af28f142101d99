# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError
from wsss.evaluation import ThresholdCurve
from wsss.fileio import write_json
from wsss.pseudo_labels.thresholds import (
    DEFAULT_GRID,
    EarlierThreshold,
    HeldOutThreshold,
    LabelFreeThreshold,
    PerClassThresholds,
)


def curve_of(*images, grid=DEFAULT_GRID, num_labels=3):
    """Return the curve of rows (truth or None, labels, scores, held out)."""
    curve = ThresholdCurve(grid, num_labels)
    for truth, label, score, held_out in images:
        truth = None if truth is None else torch.tensor([truth])
        curve.update(truth, torch.tensor([label]), torch.tensor([score]), held_out)
    curve.reduce()
    return curve


LOW, HIGH = [0.1, 0.15, 0.2], [0.7, 0.75, 0.8]


def test_otsu_cuts_between_two_groups_of_scores():
    curve = curve_of((None, [1] * 6, LOW + HIGH, False))
    choice = LabelFreeThreshold().choose(curve)
    # the first of the equal cuts: all of 0.20 is below, 0.7 above
    assert choice.value == 0.21 and choice.protocol == 'label_free' and choice.num_images == 0
    assert choice.chosen_on == "no masks: Otsu's cut through the scores of 1 images"


@pytest.mark.parametrize('area, value', [(0.5, 0.21), (1 / 3, 0.71), (0.001, 0.81)])
def test_area_is_met(area, value):
    curve = curve_of((None, [1] * 3, LOW, True), (None, [2] * 3, HIGH, False))
    assert LabelFreeThreshold('area', area).choose(curve).value == value


def test_truth_has_no_part_in_a_label_free_choice():
    label, score = [1] * 6, LOW + HIGH
    truths = ([0] * 6, [1] * 6, [255] * 6, [0, 1, 255] * 2, None)
    found = {LabelFreeThreshold().choose(curve_of((t, label, score, False))) for t in truths}
    assert len(found) == 1


def test_images_without_classes_have_no_scores():
    with_empty = curve_of((None, [1] * 6, LOW + HIGH, False), (None, [0] * 9, [0.0] * 9, False))
    assert with_empty.score_counts().sum() == 6 and with_empty.num_scored() == 2
    assert LabelFreeThreshold().choose(with_empty).value == 0.21
    with pytest.raises(ConfigError, match='no image of this split has a class'):
        LabelFreeThreshold().choose(curve_of((None, [0], [0.0], False)))


def test_image_without_truth_counts_for_nothing_else():
    curve = curve_of((None, [1, 1], [0.1, 0.9], False), ([0, 1], [1, 1], [0.1, 0.9], False))
    assert curve.num_images('all') == 1 and curve.num_scored() == 2
    assert int(curve.histogram().sum()) == 2
    assert curve.best('rest') == (pytest.approx(0.11), 100)


def two_labels():
    """Label 1 is right from 0.2 on, label 2 only from 0.6 on."""
    truth, label, score = [0, 1, 0, 2], [1, 1, 2, 2], [0.1, 0.2, 0.5, 0.6]
    return [(truth, label, score, True)] * 3 + [(truth, label, score, False)]


def test_every_label_gets_its_threshold():
    choice = PerClassThresholds().choose(curve_of(*two_labels()))
    assert choice.value is None and choice.protocol == 'per_class' and choice.num_images == 3
    assert choice.values == pytest.approx((0.11, 0.51))
    assert choice.chosen_on == (
        'the held-out images, 2 of 2 labels by themselves, the others at 0.11'
    )


def test_figures_of_the_thresholds_come_from_the_curve():
    curve = curve_of(*two_labels())
    assert curve.at_labels((0.2, 0.6), 'rest') == 100
    assert curve.at_labels((0.2, 0.2), 'rest') == pytest.approx(100 * (0.5 + 1 + 0.5) / 3)
    assert curve.at_labels((0.4, 0.4), 'all') == pytest.approx(curve.at(0.4, 'all'))
    with pytest.raises(KeyError, match='0.123 is not a threshold'):
        curve.at_labels((0.2, 0.123), 'all')


def test_label_with_few_images_keeps_the_single_threshold():
    rare = ([0, 2], [2, 2], [0.5, 0.6], True)
    common = ([0, 1, 255], [1, 1, 2], [0.1, 0.2, 0.9], True)
    curve = curve_of(common, common, common, rare)
    assert curve.images_by_label('held_out').tolist() == [4, 3, 1]
    assert curve.images_by_label('rest').tolist() == [0, 0, 0]
    single = HeldOutThreshold().choose(curve).value
    found = PerClassThresholds(min_images=2).choose(curve)
    assert found.values[1] == single and '1 of 2 labels' in found.chosen_on


def test_per_class_needs_held_out_images_of_its_own():
    with pytest.raises(ConfigError, match='PerClassThresholds found no held-out image'):
        PerClassThresholds().choose(curve_of(two_labels()[-1]))


def test_thresholds_of_an_earlier_stage_are_taken(tmp_path):
    choice = PerClassThresholds().choose(curve_of(*two_labels()))
    write_json(tmp_path / 'threshold.json', {**choice.to_dict(), 'split': 'train'})
    source = EarlierThreshold(str(tmp_path / 'threshold.json'), thresholds=[0.5])
    assert source.grid() == (choice.values[0], 0.5, choice.values[1])
    earlier = source.choose(None)
    assert earlier.values == choice.values and earlier.value is None
    assert earlier.protocol == 'earlier (per_class)'


@pytest.mark.parametrize(
    'make, message',
    [
        (lambda: LabelFreeThreshold('median'), 'rule must be one of otsu, area'),
        (lambda: LabelFreeThreshold('area'), "takes area with rule='area' and not otherwise"),
        (lambda: LabelFreeThreshold('otsu', 0.2), "takes area with rule='area' and not otherwise"),
        (lambda: LabelFreeThreshold('area', 1.0), r'area must be a number in \(0, 1\)'),
        (lambda: LabelFreeThreshold('area', True), r'area must be a number in \(0, 1\)'),
        (lambda: PerClassThresholds(0), 'min_images must be an integer of at least 1'),
        (lambda: PerClassThresholds(1.5), 'min_images must be an integer of at least 1'),
    ],
)
def test_values_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
