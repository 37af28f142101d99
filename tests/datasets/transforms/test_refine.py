# SPDX-License-Identifier: Apache-2.0
"""Refiners in a loader worker."""

import numpy as np
import pytest
import torch

from wsss.datasets.transforms import Refine
from wsss.errors import ConfigError, DataError
from wsss.models import StoredMapsModel
from wsss.refiners import BaseRefiner
from wsss.structures import ScoreMaps, WSSSDataSample


def results(value=0.8):
    maps = ScoreMaps(torch.tensor([2]), torch.full((1, 3, 4), value), (12, 16))
    return dict(image_id='cat', img=np.zeros((12, 16, 3), np.uint8), score_maps=maps)


def test_refiners_follow_one_another():
    one = dict(type='PAMR', dilations=[1], iterations=1)
    refined = Refine([one, dict(type='wsss.DenseCRF', bg_power=2)])(results())['score_maps']
    assert refined.scores.shape == (1, 12, 16) and refined.background is not None
    assert Refine(one)(results())['score_maps'].background is None


def test_what_is_refused_names_the_image():
    with pytest.raises(DataError, match=r"image 'cat': PAMR: the scores of the maps hold NaN"):
        Refine(dict(type='PAMR'))(results(float('nan')))


def test_a_wrong_config_names_the_key():
    with pytest.raises(ConfigError, match='empty'):
        Refine([])
    with pytest.raises(ConfigError, match=r"refiners\[1\].type: 'PAMS'.*Did you mean 'PAMR'"):
        Refine([dict(type='PAMR'), dict(type='PAMS')])
    with pytest.raises(ConfigError, match='put wsss.LoadImage before it'):
        Refine(dict(type='PAMR'))(dict(score_maps=results()['score_maps']))


def test_the_model_of_the_stage_hands_maps_on():
    sample = WSSSDataSample(score_maps=results()['score_maps'])
    found = StoredMapsModel().test_step({'data_samples': [sample]})
    assert found[0].score_maps is sample.score_maps
    with pytest.raises(ConfigError, match="run='test'"):
        StoredMapsModel()(data_samples=[sample], mode='loss')


def test_only_refiners_that_ask_for_it_are_given_the_id_of_the_image():
    class Plain(BaseRefiner):
        def refine(self, image, maps):
            return ScoreMaps(maps.keys, maps.scores / 2, maps.size)

    class Named(BaseRefiner):
        takes_image_id = True

        def refine(self, image, maps, image_id=None):
            return ScoreMaps(maps.keys, maps.scores * len(image_id), maps.size)

    found = Refine([Plain(), Named()])(results(0.5))['score_maps']
    torch.testing.assert_close(found.scores, torch.full((1, 3, 4), 0.75))
