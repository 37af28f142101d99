# SPDX-License-Identifier: Apache-2.0
"""What every registered refiner must keep; a new one is covered by being registered."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import wsss.refiners
from wsss.errors import DataError
from wsss.refiners import BaseRefiner
from wsss.registry import REFINERS, build
from wsss.structures import ScoreMaps

REFINERS.import_from_location()


@pytest.fixture(params=sorted(REFINERS.module_dict))
def refiner(request):
    return build(REFINERS, dict(type=request.param), 'refiner')


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.refiners.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.rglob('*.py')))
    decorated = re.findall(r'@REFINERS\.register_module\(\)\nclass (\w+)', source)
    ours = [n for n, cls in REFINERS.module_dict.items() if cls.__module__.startswith('wsss.')]
    assert sorted(decorated) == sorted(ours) and decorated


def test_it_is_a_base_refiner_with_an_example(refiner):
    assert isinstance(refiner, BaseRefiner)
    assert 'Example:' in type(refiner).__doc__


def test_classes_size_and_range_are_kept(refiner, image, maps):
    refined = refiner(image, maps)
    assert refined.keys.tolist() == maps.keys.tolist() and refined.size == maps.size
    assert refined.scores.shape[1] <= maps.size[0] and refined.scores.shape[2] <= maps.size[1]
    assert float(refined.scores.min()) >= 0 and float(refined.scores.max()) <= 1 + 1e-5


def test_the_input_is_not_changed_and_the_result_repeats(refiner, image, maps):
    before, scores = image.copy(), maps.scores.clone()
    first, second = refiner(image, maps), refiner(image, maps)
    assert torch.equal(first.scores, second.scores)
    assert np.array_equal(image, before) and torch.equal(maps.scores, scores)


def test_read_only_and_strided_images_give_the_same(refiner, image, maps):
    expected = refiner(image, maps).scores
    locked = image.copy()
    locked.flags.writeable = False
    assert torch.equal(refiner(locked, maps).scores, expected)
    assert torch.equal(refiner(image[:, :, ::-1].copy()[:, :, ::-1], maps).scores, expected)
    wide = np.repeat(image, 2, axis=1)
    assert torch.equal(refiner(wide[:, ::2], maps).scores, expected)


def test_half_precision_maps_are_read(refiner, image, maps):
    half = ScoreMaps(maps.keys, maps.scores.half(), maps.size)
    difference = refiner(image, half).scores.float() - refiner(image, maps).scores.float()
    assert float(difference.abs().mean()) < 0.01


def test_an_image_without_classes_is_background(refiner, image):
    empty = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 12, 16), (48, 64))
    refined = refiner(image, empty)
    assert len(refined.keys) == 0 and bool((refined.background == 1).all())


@pytest.mark.parametrize('size', [(1, 1), (1, 7), (2, 1)])
def test_tiny_images(refiner, size):
    maps = ScoreMaps(torch.tensor([0]), torch.full((1, 1, 1), 0.8), size)
    refined = refiner(np.zeros((*size, 3), np.uint8), maps)
    assert bool(torch.isfinite(refined.scores).all())


def test_other_images_are_refused(refiner, image, maps):
    for wrong in (image[:, :, 0], image.astype(np.float32), np.dstack([image, image[:, :, :1]])):
        with pytest.raises(DataError, match='uint8'):
            refiner(wrong, maps)
    with pytest.raises(DataError, match='48 x 64'):
        refiner(image[:-1], maps)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_maps_that_are_not_finite_are_refused(refiner, image, maps, value):
    scores = maps.scores.clone()
    scores[0, 1, 1] = value
    with pytest.raises(DataError, match='scores'):
        refiner(image, ScoreMaps(maps.keys, scores, maps.size))
    background = torch.full(scores.shape[1:], value)
    with pytest.raises(DataError, match='background'):
        refiner(image, ScoreMaps(maps.keys, maps.scores, maps.size, background))
