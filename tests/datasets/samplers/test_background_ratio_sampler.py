# SPDX-License-Identifier: Apache-2.0
"""A fixed share of background in each batch, whatever its size and the number of ranks."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler

import wsss.datasets.samplers as package
from wsss.datasets import Shapes, WithBackground
from wsss.datasets.samplers import BackgroundRatioSampler
from wsss.errors import ConfigError
from wsss.registry import DATA_SAMPLERS


class Both(WithBackground):
    """As many images and pictures as asked for, none on disk."""

    def __init__(self, images, pictures):
        self.datasets = [range(images), range(pictures)]
        self._fully_initialized = True
        self.cumulative_sizes = [images, images + pictures]


@pytest.fixture
def draw(monkeypatch):
    """What each rank draws, as an array ``(draws, ranks)``."""

    def draw(images, pictures, ratio, ranks=1, epoch=0, seed=3):
        columns = []
        for rank in range(ranks):
            monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda r=rank: (r, ranks))
            sampler = BackgroundRatioSampler(Both(images, pictures), ratio, seed=seed)
            sampler.set_epoch(epoch)
            columns.append(list(sampler))
            assert len(columns[-1]) == len(sampler)
        return np.array(columns).T

    return draw


def test_every_decorated_class_of_the_folder_is_registered_with_an_example():
    DATA_SAMPLERS.import_from_location()
    source = '\n'.join(p.read_text() for p in Path(package.__file__).parent.glob('*.py'))
    decorated = re.findall(r'@DATA_SAMPLERS\.register_module\(\)\nclass (\w+)', source)
    assert sorted(decorated) == sorted(DATA_SAMPLERS.module_dict)
    assert all('Example:' in cls.__doc__ for cls in DATA_SAMPLERS.module_dict.values())


def test_every_fourth_is_background_by_hand(draw):
    found = draw(6, 3, 0.25)[:, 0]
    assert (found >= 6).tolist() == [False, False, False, True, False, False, False]
    assert sorted(found[found < 6]) == list(range(6))


@pytest.mark.parametrize('images', [1, 7, 8, 57, 64])
def test_one_rank_sees_each_image_once_in_the_order_of_the_default_sampler(draw, images):
    for epoch in (0, 1):
        found = draw(images, 5, 1 / 8, epoch=epoch)[:, 0]
        plain = DefaultSampler(range(images), seed=3)
        plain.set_epoch(epoch)
        assert found[found < images].tolist() == list(plain)


@pytest.mark.parametrize('ranks', [1, 2, 3, 4])
@pytest.mark.parametrize('ratio', [1 / 8, 0.3, 0.5, 0.9])
@pytest.mark.parametrize('batch', [1, 4, 5])
def test_each_batch_holds_its_share_on_each_rank_and_in_all(draw, ranks, ratio, batch):
    is_background = draw(101, 11, ratio, ranks) >= 101
    for start in range(0, len(is_background) - batch + 1, batch):
        part = is_background[start : start + batch]
        assert np.all(np.abs(part.sum(axis=0) - batch * ratio) < 1)
        assert abs(part.sum() - ranks * batch * ratio) < 1


@pytest.mark.parametrize('ranks', [2, 3])
def test_ranks_together_draw_what_one_rank_draws_with_larger_batches(draw, ranks):
    alone, together = draw(50, 7, 0.2)[:, 0], draw(50, 7, 0.2, ranks)
    for step in range(len(alone) // ranks):
        assert sorted(together[step]) == sorted(alone[step * ranks : (step + 1) * ranks])


@pytest.mark.parametrize('ranks', [2, 3, 4])
def test_all_images_come_and_few_come_twice_to_fill_up(draw, ranks):
    found = draw(53, 7, 1 / 8, ranks)
    counts = Counter(found[found < 53].tolist())
    assert sorted(counts) == list(range(53))
    assert sum(counts.values()) - 53 < ranks


def test_background_comes_in_shuffled_rounds_that_go_on_over_epochs(draw):
    drawn = []
    for epoch in range(6):
        found = draw(40, 7, 0.2, epoch=epoch)[:, 0]
        drawn += (found[found >= 40] - 40).tolist()
    rounds = [drawn[i : i + 7] for i in range(0, len(drawn) - 6, 7)]
    assert len(rounds) > 6
    assert all(sorted(one) == list(range(7)) for one in rounds)
    assert len({tuple(one) for one in rounds}) == len(rounds)


def test_the_order_follows_from_seed_and_epoch_alone(draw):
    first = draw(40, 7, 0.2, epoch=2)
    assert np.array_equal(first, draw(40, 7, 0.2, epoch=2))
    assert not np.array_equal(first, draw(40, 7, 0.2, epoch=3))
    assert not np.array_equal(first, draw(40, 7, 0.2, epoch=2, seed=4))


@pytest.mark.parametrize('ratio', [0, 1, 1e-5, 1 - 1e-5, '1/8', True, float('nan')])
def test_a_share_that_is_none_is_refused(ratio):
    with pytest.raises(ConfigError, match='background_ratio must be'):
        BackgroundRatioSampler(Both(4, 4), ratio, seed=0)


def test_another_data_set_is_refused():
    with pytest.raises(ConfigError, match='draws from wsss.WithBackground.* is Shapes'):
        BackgroundRatioSampler(Shapes(lazy_init=True), seed=0)
