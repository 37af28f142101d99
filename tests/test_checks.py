# SPDX-License-Identifier: Apache-2.0
"""Values of configs that are not what a class can use are refused by name."""

import math
import re

import cv2
import numpy as np
import pytest

from wsss.checks import (
    check_choice,
    check_flag,
    check_integer,
    check_integers,
    check_number,
    check_unit,
)
from wsss.datasets.transforms import (
    CombineScores,
    SimulateBoxes,
    SimulatePoints,
    SimulateScribbles,
)
from wsss.errors import ConfigError
from wsss.models import AffinityNet, BoundaryNet, NeighborAffinityNet
from wsss.pseudo_labels.labelers import (
    AreaPrior,
    ArgMax,
    BackgroundPower,
    CleanRegions,
    DualThreshold,
    GlobalThreshold,
    IRNConf,
    Otsu,
    PerClassThreshold,
    PSAConf,
    Quantile,
)
from wsss.pseudo_labels.thresholds import FixedThreshold, LabelFreeThreshold, PerClassThresholds
from wsss.refiners import (
    PAMR,
    PAR,
    ClassMorphology,
    DenseCRF,
    GuidedFilter,
    SuperpixelVote,
    SuperpixelWalk,
)
from wsss.registry import MODELS, REFINERS, build
from wsss.seeds import BoxHeatmap, PointSeeds, ScribbleSeeds
from wsss.superpixels import SEEDS, SLIC, Felzenszwalb

NEVER_BUILT = dict(type='it is refused before')
WALK = dict(backbone=NEVER_BUILT, in_channels=(8,), channels=(8,))
BOUNDARY = dict(backbone=NEVER_BUILT, in_channels=(8,))
NEIGHBORS = dict(backbone=NEVER_BUILT, in_channels=8)
PAIR = dict(specific=['a'], agnostic='b')

NUMBERS = [
    (PAMR, {}, 'softness'),
    (PAR, {}, 'softness position_weight'),
    (GuidedFilter, {}, 'eps'),
    (ClassMorphology, {}, 'radius bg_power bg_threshold'),
    (SuperpixelVote, {}, 'bg_power bg_threshold'),
    (SuperpixelVote, dict(mode='conf'), 'min_confidence'),
    (SuperpixelWalk, {}, 'softness'),
    (DenseCRF, {}, 'bg_power bg_threshold gt_prob scale_factor gaussian_sxy gaussian_weight'),
    (DenseCRF, {}, 'bilateral_sxy bilateral_srgb bilateral_weight'),
    (BoxHeatmap, {}, 'kappa_x kappa_y'),
    (PointSeeds, {}, 'sigma'),
    (SLIC, {}, 'num_segments compactness sigma'),
    (SEEDS, {}, 'num_segments'),
    (Felzenszwalb, {}, 'scale sigma'),
    (SimulateScribbles, {}, 'fraction'),
    (CombineScores, PAIR, 'gamma weight'),
    (AreaPrior, {}, 'area low'),
    (ArgMax, {}, 'min_score'),
    (BackgroundPower, {}, 'alpha threshold'),
    (CleanRegions, dict(labeler=Otsu()), 'min_area'),
    (DualThreshold, {}, 'low high margin_low margin_high threshold'),
    (GlobalThreshold, {}, 'threshold'),
    (IRNConf, {}, 'fg bg'),
    (Otsu, {}, 'low high'),
    (PerClassThreshold, {}, 'threshold'),
    (PSAConf, {}, 'alpha_low alpha_high'),
    (Quantile, {}, 'q low'),
    (FixedThreshold, {}, 'value'),
    (LabelFreeThreshold, dict(rule='area'), 'area'),
    (AffinityNet, WALK, 'power bg_power'),
    (BoundaryNet, BOUNDARY, 'power bg_power'),
    (NeighborAffinityNet, NEIGHBORS, 'smoothing power bg_power'),
]
INTEGERS = [
    (PAMR, {}, 'iterations'),
    (PAR, {}, 'iterations'),
    (GuidedFilter, {}, 'radius'),
    (SuperpixelWalk, {}, 'steps'),
    (DenseCRF, {}, 'iterations'),
    (ScribbleSeeds, {}, 'width'),
    (SLIC, {}, 'iterations'),
    (SEEDS, {}, 'levels iterations'),
    (Felzenszwalb, {}, 'min_size'),
    (SimulateBoxes, {}, 'min_area'),
    (SimulatePoints, {}, 'num_per_object num_background min_area seed'),
    (SimulateScribbles, {}, 'min_area seed'),
    (Otsu, {}, 'bins'),
    (PerClassThresholds, {}, 'min_images'),
    (AffinityNet, WALK, 'stride radius walk_radius steps max_batch'),
    (BoundaryNet, BOUNDARY, 'channels stride radius walk_radius steps max_batch'),
    (NeighborAffinityNet, NEIGHBORS, 'in_channels steps max_batch'),
]
LISTS = [
    (PAMR, {}, 'dilations'),
    (PAR, {}, 'dilations'),
    (AffinityNet, WALK, 'in_channels channels'),
    (BoundaryNet, BOUNDARY, 'in_channels'),
]
FLAGS = [
    (DenseCRF, {}, 'normalize'),
    (BoxHeatmap, {}, 'isotropic clip_to_box'),
    (SimulateBoxes, {}, 'allow_missing'),
    (SimulateScribbles, {}, 'background'),
    (CombineScores, PAIR, 'labels_only'),
    (CleanRegions, dict(labeler=Otsu()), 'largest_component fill_holes'),
]
NO_NUMBER = ['text', True, math.nan, math.inf, -1]
NO_INTEGER = [*NO_NUMBER, 2.5]


def cases(table, values):
    for cls, others, keys in table:
        for key in keys.split():
            for value in values:
                yield pytest.param(
                    cls, {**others, key: value}, key, id=f'{cls.__name__}.{key}={value}'
                )


@pytest.mark.parametrize(
    ('cls', 'arguments', 'key'),
    [
        *cases(NUMBERS, NO_NUMBER),
        *cases(INTEGERS, NO_INTEGER),
        *cases(LISTS, ['text', 8, (), *((8, value) for value in NO_INTEGER)]),
        *cases(FLAGS, ['text', 1]),
    ],
)
def test_what_is_not_usable_is_refused_by_its_key(cls, arguments, key, monkeypatch):
    monkeypatch.setattr(cv2, 'ximgproc', None, raising=False)  # of SEEDS
    with pytest.raises(ConfigError, match=rf'\.{key}(\[\d\])? must be '):
        cls(**arguments)


def test_messages_say_what_is_allowed():
    for check, said in (
        (lambda: check_number('8', 'a.b', 0), "a.b must be a number of at least 0, got '8'."),
        (lambda: check_number(0, 'a.b', 0, above=True), 'a.b must be a number above 0, got 0.'),
        (lambda: check_number(2, 'a.b', 0, 1, True), 'a.b must be a number in (0, 1], got 2.'),
        (lambda: check_number(0.5, 'a.b', 0, 0.5, below=True), 'a number in [0, 0.5), got 0.5.'),
        (lambda: check_unit(None, 'a.b'), 'a.b must be a number in [0, 1], got None.'),
        (lambda: check_integer(2.0, 'a.b', 1), 'a.b must be an integer of at least 1, got 2.0.'),
        (lambda: check_integers(8, 'a.b', 1), 'a list of integers of at least 1, got 8.'),
        (lambda: check_integers([8, 0], 'a.b', 1), 'a.b[1] must be an integer of at least 1'),
        (lambda: check_flag('False', 'a.b'), "a.b must be True or False, got 'False'."),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            check()


def test_numbers_of_numpy_pass_as_those_of_python():
    for value, expected in ((np.float32(0.5), 0.5), (np.int64(1), 1.0), (1, 1.0)):
        found = check_number(value, 'a', 0, 1)
        assert type(found) is float and found == expected
    found = check_integer(np.int16(3), 'a', 3)
    assert type(found) is int and found == 3
    assert check_integers([1, np.int64(2)], 'a', 1) == (1, 2)
    assert check_unit(None, 'a', optional=True) is None
    for wrong in (np.bool_(True), np.float64('nan')):
        with pytest.raises(ConfigError, match='a must be a number'):
            check_number(wrong, 'a', 0)


def test_a_choice_is_one_of_the_words():
    assert check_choice('max', 'a', ('max', 'min')) == 'max'
    with pytest.raises(
        ConfigError, match=r"a='maxx' is unknown. Did you mean 'max'\? Allowed: max, "
    ):
        check_choice('maxx', 'a', ('max', 'min'))
    with pytest.raises(ConfigError, match='a=None is unknown'):
        check_choice(None, 'a', ('max', 'min'))


@pytest.mark.parametrize('refiner', ['SuperpixelVote', 'SuperpixelWalk'])
def test_regions_come_from_a_source_and_are_kept_in_a_folder(refiner, tmp_path):
    for wrong in (None, 'SLIC', 5):
        with pytest.raises(ConfigError, match=rf'{refiner}.superpixels must be a source.*{wrong}'):
            build(REFINERS, dict(type=refiner, superpixels=wrong), 'refiner')
    for wrong in (5, '', True):
        with pytest.raises(ConfigError, match=f'{refiner}.cache_dir must be a path or None'):
            build(REFINERS, dict(type=refiner, cache_dir=wrong), 'refiner')
    assert build(REFINERS, dict(type=refiner, cache_dir=tmp_path), 'refiner').superpixels.folder


@pytest.mark.parametrize('key', ['radius', 'walk_radius', 'stride'])
def test_neighbours_have_no_radius_and_no_stride(key):
    config = dict(type='NeighborAffinityNet', **NEIGHBORS, **{key: 4})
    with pytest.raises(ConfigError, match=f"NeighborAffinityNet has no argument '{key}'"):
        build(MODELS, config, 'model')


def test_only_a_labeler_can_be_cleaned():
    with pytest.raises(ConfigError, match='CleanRegions.labeler must be a pseudo-labeler.*None'):
        CleanRegions(None)
