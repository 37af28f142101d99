# SPDX-License-Identifier: Apache-2.0
"""Refiners on the device of a stage."""

import pytest
import torch

from wsss.refiners import PAMR, PAR, ClassMorphology, DenseCRF, RefinerChain
from wsss.registry import REFINERS, build
from wsss.structures import ScoreMaps

REFINERS.import_from_location()


@pytest.fixture(params=sorted(REFINERS.module_dict))
def refiner(request):
    return build(REFINERS, dict(type=request.param), 'refiner')


def test_those_that_can_work_on_a_device_and_others_stay_on_the_cpu():
    chain = RefinerChain([PAMR(), PAR(), DenseCRF(), ClassMorphology()], 'refiners').to('cuda:1')
    places = [str(refiner.device) for refiner in chain.refiners]
    assert places == ['cuda:1', 'cuda:1', 'cuda:1', 'cpu']
    assert PAMR().device.type == 'cpu'


@pytest.mark.gpu
def test_results_on_the_accelerator_are_those_of_the_cpu(refiner, image, maps):
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    expected = refiner(image, maps)
    refiner.to('cuda')
    for given in (maps, maps.to('cuda')):
        found = refiner(image, given)
        for values in (found.keys, found.planes()):
            assert values.device.type == refiner.device.type
        torch.testing.assert_close(found.planes().cpu(), expected.planes(), rtol=0, atol=1e-4)


@pytest.mark.gpu
def test_an_image_without_classes_is_background_on_the_accelerator(refiner, image):
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    empty = ScoreMaps(torch.zeros(0, dtype=torch.int16), torch.zeros(0, 12, 16), (48, 64))
    refined = refiner.to('cuda')(image, empty.to('cuda'))
    assert refined.background.device == refined.scores.device
    assert bool((refined.background == 1).all())
