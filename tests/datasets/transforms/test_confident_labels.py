# SPDX-License-Identifier: Apache-2.0
"""Training labels of affinities."""

import numpy as np
import pytest
import torch

from wsss.datasets.transforms import ConfidentLabels, PackScores
from wsss.errors import ConfigError, DataError
from wsss.pseudo_labels.labelers import PSAConf
from wsss.refiners import BaseRefiner, DenseCRF
from wsss.structures import ScoreMaps


def results(value=None):
    scores = torch.linspace(0, 1, 16).repeat(12, 1)[None] if value is None else value
    maps = ScoreMaps(torch.tensor([2]), scores, (12, 16))
    image = np.zeros((12, 16, 3), np.uint8)
    image[:, 8:] = 200
    return dict(image_id='cat', img=image, score_maps=maps, class_to_label=(1, 2, 7))


def test_without_a_refiner_it_is_the_labeler():
    found = ConfidentLabels(dict(type='PSAConf'))(results())['pred_seg_map']
    assert np.array_equal(found, PSAConf()(results()['score_maps'], (1, 2, 7)).numpy())
    assert set(np.unique(found)) == {0, 7, 255}


def test_both_views_are_refined_and_the_lattice_is_made_once(monkeypatch):
    made = []
    from wsss.refiners.crf.lattice import LatticeCRF

    init = LatticeCRF.__init__
    monkeypatch.setattr(LatticeCRF, '__init__', lambda *a: (made.append(1), init(*a))[1])
    crf = DenseCRF('psa', engine='lattice')
    found = ConfidentLabels(dict(type='PSAConf'), crf)(results())['pred_seg_map']
    assert len(made) == 1
    given = results()
    strong, weak = (crf(given['img'], v) for v in PSAConf().branches(given['score_maps']))
    low, high = (v.scores[0] >= v.background for v in (strong, weak))
    expected = np.where(~high, 0, np.where(low, 7, 255))
    assert np.array_equal(found, expected)


def test_refiners_follow_one_another():
    class Less(BaseRefiner):
        def refine(self, image, maps):
            return ScoreMaps(
                maps.keys, maps.scores / 1000, maps.size, torch.ones_like(maps.background)
            )

    transform = ConfidentLabels(dict(type='PSAConf'), [Less(), DenseCRF('psa', engine='lattice')])
    assert not (transform(results())['pred_seg_map'] == 7).any()


def test_an_image_without_classes_is_background():
    given = results()
    given['score_maps'] = ScoreMaps(
        torch.zeros(0, dtype=torch.int16), torch.zeros(0, 3, 4), (12, 16)
    )
    transform = ConfidentLabels(dict(type='PSAConf'), dict(type='DenseCRF'))
    assert not transform(given)['pred_seg_map'].any()


def test_what_is_packed():
    packed = PackScores(with_image=True)(
        {**ConfidentLabels(dict(type='IRNConf'))(results()), 'ori_shape': (12, 16)}
    )
    assert packed['data_samples'].pred_sem_seg.data.shape == (1, 12, 16)
    assert packed['inputs'].shape == (3, 12, 16) and packed['inputs'].dtype == torch.uint8
    assert 'score_maps' not in packed['data_samples']


def test_what_is_wrong_is_named():
    with pytest.raises(ConfigError, match='compare two backgrounds.*GlobalThreshold'):
        ConfidentLabels(dict(type='GlobalThreshold', threshold=0.3))
    with pytest.raises(ConfigError, match=r'refiners\[0\]'):
        ConfidentLabels(dict(type='PSAConf'), dict(type='DenseCFR'))
    transform = ConfidentLabels(dict(type='PSAConf'), dict(type='DenseCRF'))
    with pytest.raises(DataError, match="image 'cat': DenseCRF"):
        transform(results(torch.full((1, 12, 16), float('nan'))))
    given = results()
    own = given['score_maps']
    given['score_maps'] = ScoreMaps(own.keys, own.scores, own.size, 1 - own.scores[0])
    with pytest.raises(DataError, match="image 'cat': ConfidentLabels weighs the background"):
        transform(given)
    for key in ('img', 'score_maps', 'class_to_label'):
        given = results()
        del given[key]
        with pytest.raises(ConfigError, match=key):
            transform(given)
