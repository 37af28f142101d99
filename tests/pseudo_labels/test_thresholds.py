# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError, DataError
from wsss.evaluation import ThresholdCurve
from wsss.fileio import write_json
from wsss.pseudo_labels.thresholds import (
    DEFAULT_GRID,
    EarlierThreshold,
    FixedThreshold,
    HeldOutThreshold,
    OracleThreshold,
)


def curve(held_out=0.2, rest=0.6, reported='rest', thresholds=DEFAULT_GRID):
    """Return the curve of two images whose foreground starts at the given scores."""
    made = ThresholdCurve(thresholds, num_labels=2, reported=reported)
    score = torch.linspace(0, 1, 101)[None]
    for start, is_held_out in ((held_out, True), (rest, False)):
        if start is not None:
            truth = (score >= start).to(torch.uint8)
            made.update(truth, torch.ones_like(truth), score, is_held_out)
    return made


def test_default_grid_has_101_steps():
    assert len(DEFAULT_GRID) == 101 and DEFAULT_GRID[0] == 0 and DEFAULT_GRID[-1] == 1
    assert DEFAULT_GRID[15] == 0.15


def test_held_out_images_choose_for_the_others():
    choice = HeldOutThreshold().choose(curve())
    assert choice.value == pytest.approx(0.2)
    assert choice.to_dict() == dict(
        value=choice.value,
        protocol='held_out',
        chosen_on='the held-out images',
        num_images=1,
        values=None,
    )


def test_oracle_chooses_on_the_reported_images():
    assert OracleThreshold().choose(curve()).value == pytest.approx(0.6)
    choice = OracleThreshold().choose(curve(reported='held_out'))
    assert choice.value == pytest.approx(0.2) and choice.protocol == 'oracle'
    assert choice.chosen_on == 'the reported images (held_out)'


def test_lowest_of_equal_thresholds_wins():
    grid = [0.1, 0.21, 0.215, 0.9]  # no score lies between the second and the third
    assert HeldOutThreshold(grid).choose(curve(held_out=0.21, thresholds=grid)).value == 0.21


def test_fixed_threshold_looks_at_no_truth():
    empty = ThresholdCurve(DEFAULT_GRID, 2)
    choice = FixedThreshold(0.153).choose(empty)
    assert (choice.value, choice.protocol, choice.num_images) == (0.153, 'fixed', 0)
    assert 0.153 in FixedThreshold(0.153).grid() and len(FixedThreshold(0.153).grid()) == 102
    assert len(FixedThreshold(0.15).grid()) == 101


def test_earlier_threshold_says_where_it_comes_from(tmp_path):
    file = tmp_path / 'threshold.json'
    content = HeldOutThreshold().choose(curve()).to_dict()
    write_json(file, {**content, 'value': 0.123, 'split': 'train'})
    source = EarlierThreshold(str(file))
    choice = source.choose(ThresholdCurve(DEFAULT_GRID, 2))
    assert choice.value == 0.123 and choice.num_images == 1
    assert choice.protocol == 'earlier (held_out)'
    assert choice.chosen_on == 'the held-out images of the split train (protocol held_out)'
    assert 0.123 in source.grid()


def test_earlier_threshold_file_is_read_when_it_is_used(tmp_path):
    source = EarlierThreshold(str(tmp_path / 'threshold.json'))
    with pytest.raises(DataError, match='threshold.json does not exist'):
        source.grid()
    for content in ({'value': None}, {'value': 1.5}, [0.3], {'value': True}):
        write_json(tmp_path / 'threshold.json', content)
        with pytest.raises(DataError, match=r'holds no value in \[0, 1\]'):
            source.grid()


def test_search_without_truth_is_an_error():
    empty = ThresholdCurve(DEFAULT_GRID, 2)
    with pytest.raises(ConfigError, match='HeldOutThreshold needs truth, but no image'):
        HeldOutThreshold().choose(empty)
    with pytest.raises(ConfigError, match='OracleThreshold needs truth'):
        OracleThreshold().choose(empty)


def test_held_out_without_held_out_images_is_an_error():
    with pytest.raises(ConfigError, match='no held-out image with truth among 1. Set held_out=0.1'):
        HeldOutThreshold().choose(curve(held_out=None))


@pytest.mark.parametrize('reported', ['all', 'held_out'])
def test_held_out_refuses_to_report_the_images_that_chose(reported):
    with pytest.raises(ConfigError, match="Set held_out='exclude' of MaskMetric"):
        HeldOutThreshold().choose(curve(reported=reported))


def test_held_out_images_that_are_all_void_choose_nothing():
    made = curve(held_out=None)
    void = torch.full((1, 4), 255, dtype=torch.uint8)
    made.update(void, torch.ones_like(void), torch.rand(1, 4), held_out=True)
    with pytest.raises(ConfigError, match="no truth in the part 'held_out'"):
        HeldOutThreshold().choose(made)


@pytest.mark.parametrize(
    'make, message',
    [
        (
            lambda: FixedThreshold(1.5),
            r'FixedThreshold.value must be a number in \[0, 1\], got 1.5',
        ),
        (lambda: FixedThreshold(None), 'FixedThreshold.value'),
        (lambda: OracleThreshold([]), 'OracleThreshold.thresholds must be a list of numbers'),
        (lambda: OracleThreshold([0.1, 2]), r'thresholds\[1\] must be a number in \[0, 1\]'),
        (lambda: HeldOutThreshold([0.2, 0.1]), 'must be strictly increasing'),
        (lambda: EarlierThreshold(''), 'EarlierThreshold.file must be a path'),
    ],
)
def test_values_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
