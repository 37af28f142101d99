# SPDX-License-Identifier: Apache-2.0
"""Refiners in the model of a stage."""

import numpy as np
import pytest
import torch

from wsss.datasets.transforms import PackScores, Refine
from wsss.errors import ConfigError, DataError
from wsss.models import RefineModel
from wsss.structures import ScoreMaps

CHAIN = [dict(type='PAMR', dilations=[1, 2], iterations=2), dict(type='DenseCRF', bg_power=2)]
SIZES = {'cat': (12, 16), 'dog': (20, 9), 'none': (5, 7)}


def results(image_id):
    size = SIZES[image_id]
    rng = np.random.default_rng(len(image_id) + size[0])
    keys = torch.tensor([] if image_id == 'none' else [0, 3], dtype=torch.int16)
    scores = torch.from_numpy(rng.random((len(keys), 3, 4), dtype=np.float32))
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    maps = ScoreMaps(keys, scores, size)
    return dict(image_id=image_id, img=image, ori_shape=size, score_maps=maps)


def batch(*image_ids):
    packed = [PackScores(with_image=True)(results(image_id)) for image_id in image_ids]
    return {key: [one[key] for one in packed] for key in ('inputs', 'data_samples')}


def test_images_of_several_sizes_are_refined_as_in_the_workers_of_the_loader():
    model, transform = RefineModel(CHAIN), Refine(CHAIN)
    assert not list(model.parameters())
    samples = model.test_step(batch(*SIZES))
    assert [sample.image_id for sample in samples] == list(SIZES)
    for sample in samples:
        expected = transform(results(sample.image_id))['score_maps']
        assert sample.score_maps.size == SIZES[sample.image_id]
        assert torch.equal(sample.score_maps.planes(), expected.planes())
    assert len(samples[2].score_maps.keys) == 0
    assert bool((samples[2].score_maps.background == 1).all())


def test_refiners_work_on_the_device_of_the_model(monkeypatch):
    model = RefineModel(CHAIN)
    moved = []
    monkeypatch.setattr(model.chain, 'to', lambda device: moved.append(device) or model.chain)
    model.to('cpu').test_step(batch('cat'))
    assert moved == [torch.device('cpu')]


def test_what_is_refused_names_the_image():
    given = batch('cat', 'dog')
    given['data_samples'][1].score_maps.scores[0, 0, 0] = float('nan')
    with pytest.raises(DataError, match=r"image 'dog': PAMR: the scores of the maps hold NaN"):
        RefineModel(CHAIN).test_step(given)
    given = batch('cat')
    given['inputs'] = [given['inputs'][0].float()]
    with pytest.raises(DataError, match=r"image 'cat': PAMR needs the RGB image as uint8"):
        RefineModel(CHAIN).test_step(given)


def test_a_wrong_config_names_the_key():
    with pytest.raises(ConfigError, match='model.refiners is empty'):
        RefineModel([])
    with pytest.raises(ConfigError, match=r"model.refiners\[1\].type: 'PAMS'.*Did you mean 'PAMR'"):
        RefineModel([dict(type='PAMR'), dict(type='PAMS')])
    model, given = RefineModel(CHAIN), batch('cat')
    with pytest.raises(ConfigError, match=r'wsss.PackScores\(with_image=True\)'):
        model.test_step({'data_samples': given['data_samples']})
    del given['data_samples'][0].score_maps
    with pytest.raises(ConfigError, match='wsss.LoadScores'):
        model.test_step(given)
    with pytest.raises(ConfigError, match="run='test'"):
        model(**batch('cat'), mode='loss')


@pytest.mark.gpu
def test_maps_stay_on_the_accelerator():
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    for sample in RefineModel(CHAIN).cuda().test_step(batch(*SIZES)):
        expected = Refine(CHAIN)(results(sample.image_id))['score_maps'].planes()
        assert sample.score_maps.scores.is_cuda and sample.score_maps.keys.is_cuda
        torch.testing.assert_close(sample.score_maps.planes().cpu(), expected, rtol=0, atol=1e-4)
