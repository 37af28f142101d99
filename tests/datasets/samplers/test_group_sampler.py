# SPDX-License-Identifier: Apache-2.0
"""Batches of one group."""

from unittest.mock import patch

import pytest

from wsss.datasets.samplers import GroupSampler
from wsss.errors import ConfigError

CLASSES = [0] * 5 + [1] * 2 + [2] * 7


class Listed:
    def __init__(self, classes=CLASSES):
        self.classes = classes

    def __len__(self):
        return len(self.classes)

    def get_cat_ids(self, index):
        return [self.classes[index]]


def batches(sampler, size):
    order = list(sampler)
    return [order[i : i + size] for i in range(0, len(order), size)]


def test_every_batch_is_of_one_group_and_every_image_is_seen():
    sampler = GroupSampler(Listed(), group_by=(0, 1, 1), batch_size=4, seed=0)
    found = batches(sampler, 4)
    assert len(sampler) == 20 and [len(b) for b in found] == [4] * 5
    groups = [{(0, 1, 1)[CLASSES[i]] for i in b} for b in found]
    assert sorted(map(len, groups)) == [1] * 5
    assert {i for b in found for i in b} == set(range(14))


def test_a_group_smaller_than_a_batch_is_repeated():
    sampler = GroupSampler(Listed([0, 0, 0]), group_by=(0,), batch_size=8, shuffle=False, seed=0)
    assert list(sampler) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_epochs_differ_and_repeat():
    sampler = GroupSampler(Listed(), group_by=(0, 1, 2), batch_size=4, seed=3)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first


def test_two_ranks_share_every_batch():
    whole = batches(GroupSampler(Listed(), group_by=(0, 1, 2), batch_size=4, seed=1), 4)
    shares = []
    for rank in range(2):
        with patch('wsss.datasets.samplers.group_sampler.get_dist_info', return_value=(rank, 2)):
            sampler = GroupSampler(Listed(), group_by=(0, 1, 2), batch_size=4, seed=1)
            shares.append(batches(sampler, 2))
            assert len(sampler) == len(whole) * 2
    for one, two, both in zip(*shares, whole):
        assert sorted(one + two) == sorted(both)


def test_a_class_without_a_group_and_a_batch_that_cannot_be_shared_are_refused():
    with pytest.raises(ConfigError, match=r'classes 0\.\.1; image 7'):
        GroupSampler(Listed(), group_by=(0, 1), batch_size=4, seed=0)
    with patch('wsss.datasets.samplers.group_sampler.get_dist_info', return_value=(0, 3)):
        with pytest.raises(ConfigError, match='multiple of 3'):
            GroupSampler(Listed(), group_by=(0, 1, 2), batch_size=4, seed=0)


def test_draws_of_an_epoch_are_known_without_the_data_set():
    # a third of 10 images and two thirds of them, each filled up to batches of 4
    assert GroupSampler.draws(10, [0, 1, 1], 4, shuffle=True) == 4 + 8
