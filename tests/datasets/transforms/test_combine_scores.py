# SPDX-License-Identifier: Apache-2.0
"""Stored maps of several stages, made one."""

import pytest
import torch

from wsss.datasets.transforms import CombineScores, PackScores
from wsss.errors import ConfigError, DataError
from wsss.fileio import write_json
from wsss.structures import ScoreMaps, ScoreStore


@pytest.fixture
def store(tmp_path):
    """Write the maps of image ``a`` to a folder and return it."""

    def write(name, scores, keys=(1, 3), size=(8, 8)):
        folder = tmp_path / name
        maps = ScoreMaps(torch.tensor(keys, dtype=torch.int16), scores, size)
        ScoreStore(folder).write('a', maps)
        return str(folder)

    return write


def test_names_of_classes_count_for_class_maps_alone(store, tmp_path):
    specific, agnostic = store('cams/scores', flat(0.6, 0.2)), store('ccam/scores', flat(0.5), (0,))
    record = dict(image_id='a', gt_label=[1, 3], image_classes=tuple('abcd'))
    write_json(tmp_path / 'ccam/index.json', dict(image_classes=['cat', 'dog']))
    transform = CombineScores([specific], agnostic, 'product')
    assert transform(dict(record))['score_maps'].keys.tolist() == [1, 3]
    write_json(tmp_path / 'cams/index.json', dict(image_classes=['cat', 'dog']))
    with pytest.raises(DataError, match="class 1 is 'dog' there, of 2, and 'b'"):
        CombineScores([specific], agnostic, 'product')(dict(record))


def combined(*arguments, labels=(1, 3), **options):
    return CombineScores(*arguments, **options)(dict(image_id='a', gt_label=list(labels)))


def flat(*values):
    """Maps of 2 x 2 cells, each of one value."""
    return torch.tensor(values)[:, None, None].expand(-1, 2, 2).contiguous()


def value(maps):
    return [round(float(score[0, 0]), 3) for score in maps.scores]


def test_product_of_a_class_agnostic_map_and_class_maps(store):
    # the larger of the agnostic member's maps counts, and its classes do not
    agnostic = store('ccam', flat(0.1, 0.5), keys=(0, 7))
    results = combined([store('cams', flat(0.6, 0.2))], agnostic)
    maps = results['score_maps']
    assert maps.keys.tolist() == [1, 3] and results['ori_shape'] == maps.size == (8, 8)
    assert value(maps) == [0.375, 0.125]
    assert float(maps.background[0, 0]) == 0.5
    assert PackScores()(results)['data_samples'].score_maps is maps


@pytest.mark.parametrize(
    'mode, options, expected',
    [
        ('product', dict(gamma=2.0), [0.45, 0.05]),
        ('bg_cue', {}, [0.6, 0.2]),
        ('linear', dict(weight=0.25), [0.575, 0.15]),
        ('linear', dict(weight=1.0, agnostic_power=0.5), [0.707, 0.0]),
        ('max', {}, [0.6, 0.2]),
        ('min', {}, [0.5, 0.0]),
        ('mean_models', {}, [1.0, 0.5]),
        # .5^.5 .6^.5, .5^.5 .2^.5, .5^.5 .4^.5 of their sum
        ('geometric', {}, [0.418, 0.241]),
    ],
)
def test_every_mode_with_a_class_agnostic_map(store, mode, options, expected):
    specific, agnostic = store('cams', flat(0.6, 0.2)), store('ccam', flat(0.5), keys=(0,))
    maps = combined([specific], agnostic, mode, **options)['score_maps']
    assert value(maps) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize('mode, expected', [('max', 0.8), ('min', 0.4), ('mean_models', 1.0)])
def test_modes_of_class_maps_alone(store, mode, expected):
    members = [store('a', flat(0.8, 0.1)), store('b', flat(0.4, 0.1))]
    maps = combined(members, mode=mode)['score_maps']
    assert value(maps)[0] == pytest.approx(expected, abs=2e-3) and maps.background is None


def test_several_class_maps_are_averaged_before_they_meet_the_class_agnostic_map(store):
    members = [store('a', flat(0.8, 0.0)), store('b', flat(0.4, 0.2))]
    maps = combined(members, store('ccam', flat(0.6), keys=(0,)))['score_maps']
    # means after normalisation: 1 and 0.5
    assert value(maps) == pytest.approx([0.4, 0.2], abs=2e-3)


def test_members_are_brought_to_the_largest_height_and_width(store):
    coarse, wide = store('a', torch.full((2, 4, 2), 0.5)), store('b', torch.full((2, 2, 6), 0.5))
    assert combined([coarse, wide], mode='max')['score_maps'].scores.shape == (2, 4, 6)


def test_an_image_without_classes_is_background(store):
    nothing = torch.zeros(0, 2, 3)
    members = [store('a', nothing, ()), store('b', torch.zeros(0, 4, 2), ())]
    for agnostic in (None, store('c', nothing, ())):
        mode = 'max' if agnostic is None else 'product'
        maps = combined(members, agnostic, mode, labels=())['score_maps']
        assert len(maps.keys) == 0 and bool((maps.background == 1).all())


@pytest.mark.parametrize('wrong', [dict(keys=(1, 2)), dict(size=(8, 9))])
def test_members_of_other_classes_or_images_name_both_stores(store, wrong):
    members = [store('first', flat(0.5, 0.5)), store('second', flat(0.5, 0.5), **wrong)]
    with pytest.raises(DataError, match=r"image 'a' .*first/a.npz.*second/a.npz.*Make both"):
        combined(members, mode='max', labels=(1, 2, 3))


def test_a_class_agnostic_map_of_another_image_is_refused(store):
    agnostic = store('ccam', flat(0.5), keys=(0,), size=(9, 9))
    with pytest.raises(DataError, match=r'size \(8, 8\).*ccam/a.npz the size \(9, 9\)'):
        combined([store('cams', flat(0.5, 0.5))], agnostic)


def test_classes_that_the_image_has_not_are_refused(store):
    members = [store('cams', flat(0.5, 0.5)), store('more', flat(0.5, 0.5))]
    with pytest.raises(DataError, match=r'labels \[1\]'):
        combined(members, mode='max', labels=(1,))
    combined(members, mode='max', labels=(1,), labels_only=False)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(specific='@cams/scores'), 'specific must be a list'),
        (dict(specific=['x'], agnostic='y', mode='produkt'), "Did you mean 'product'"),
        (dict(specific=['x', 'y']), "'product' needs a class-agnostic map"),
        (dict(specific=['x'], mode='max'), 'one member alone'),
        (dict(specific=['x'], agnostic='y', gamma=0), 'gamma must be a number above 0'),
        (dict(specific=['x'], agnostic='y', agnostic_power=0), 'agnostic_power must be a number'),
        (dict(specific=['x'], agnostic='y', weight=1.5), r'weight must be a number in \[0, 1\]'),
        (dict(specific=[None], agnostic='y'), 'must be a path'),
    ],
)
def test_a_wrong_config_says_what_is_allowed(arguments, message):
    with pytest.raises(ConfigError, match=message):
        CombineScores(**arguments)
