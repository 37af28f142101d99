# SPDX-License-Identifier: Apache-2.0
"""What every registered seed source must keep; a new one is covered by being registered."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import wsss.seeds
from wsss.errors import ConfigError
from wsss.registry import SEEDS, build
from wsss.seeds import BaseSeed
from wsss.structures import Annotation

SEEDS.import_from_location()
SIZE = 24, 32


@pytest.fixture(params=sorted(SEEDS.module_dict))
def seed(request):
    return build(SEEDS, dict(type=request.param), 'seed')


@pytest.fixture
def annotation():
    rng = np.random.default_rng(0)
    scribbles = np.full(SIZE, -2, np.int16)
    scribbles[5, 4:9], scribbles[15, 20:25], scribbles[0] = 2, 6, -1
    return Annotation(
        SIZE,
        [2, 6],
        boxes=np.array([[2, 3, 12, 11, 2], [16, 8, 30, 20, 6], [1, 1, 5, 5, 2]], float),
        points=np.array([[5, 6, 2], [14, 22, 6], [0, 0, -1]], float),
        scribbles=scribbles,
        saliency=rng.random(SIZE).astype(np.float32),
        image=rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8),
    )


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.seeds.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.rglob('*.py')))
    decorated = re.findall(r'@SEEDS\.register_module\(\)\nclass (\w+)', source)
    ours = [n for n, cls in SEEDS.module_dict.items() if cls.__module__.startswith('wsss.')]
    assert sorted(decorated) == sorted(ours) and decorated


def test_it_is_a_base_seed_with_an_example(seed):
    assert isinstance(seed, BaseSeed) and seed.needs
    assert 'Example:' in type(seed).__doc__


@pytest.mark.filterwarnings('ignore:SaliencyMap')
def test_maps_are_of_all_classes_of_the_image_and_in_range(seed, annotation):
    maps = seed(annotation)
    assert maps.keys.tolist() == [2, 6] and maps.size == SIZE
    planes = (
        maps.scores if maps.background is None else torch.cat([maps.scores, maps.background[None]])
    )
    assert planes.shape[1:] == SIZE and planes.dtype == torch.float32
    assert float(planes.min()) >= 0 and float(planes.max()) <= 1
    assert bool((maps.scores.flatten(1).amax(dim=1) > 0).all())


@pytest.mark.filterwarnings('ignore:SaliencyMap')
def test_the_result_repeats_and_the_input_is_not_changed(seed, annotation):
    before = {name: np.copy(getattr(annotation, name)) for name in seed.needs}
    first, second = seed(annotation), seed(annotation)
    assert torch.equal(first.scores, second.scores)
    assert all(np.array_equal(before[name], getattr(annotation, name)) for name in before)


def test_an_image_without_classes_is_background(seed):
    nothing = Annotation(
        SIZE,
        [],
        boxes=np.zeros((0, 5)),
        points=np.zeros((0, 3)),
        scribbles=np.full(SIZE, -2, np.int16),
        saliency=np.zeros(SIZE, np.float32),
    )
    maps = seed(nothing)
    assert len(maps.keys) == 0 and bool((maps.background == 1).all())


@pytest.mark.filterwarnings('ignore:SaliencyMap')
def test_a_class_of_which_nothing_is_marked_has_a_blank_map(seed, annotation):
    if seed.needs == ('saliency',):
        pytest.skip('saliency has no classes')
    maps = seed(replace(annotation, labels=(2, 4, 6)))
    assert maps.keys.tolist() == [2, 4, 6] and not maps.scores[1].any() and maps.scores[2].any()


def test_what_is_not_there_is_asked_for_with_its_loader(seed):
    with pytest.raises(ConfigError, match=rf'needs {seed.needs[0]}.*Put one before'):
        seed(Annotation(SIZE, [2]))


@pytest.mark.filterwarnings('ignore:SaliencyMap')
def test_images_of_one_pixel(seed):
    one = Annotation(
        (1, 1),
        [0],
        boxes=np.array([[0, 0, 1, 1, 0]], float),
        points=np.array([[0, 0, 0]], float),
        scribbles=np.zeros((1, 1), np.int16),
        saliency=np.ones((1, 1), np.float32),
    )
    assert seed(one).scores.tolist() == [[[1.0]]]
