# SPDX-License-Identifier: Apache-2.0
"""Loss weights that grow."""

from types import SimpleNamespace

import pytest
import torch

from wsss.engine.hooks import RampLossWeight
from wsss.errors import ConfigError
from wsss.models.losses import ConcentrationLoss, EntropyLoss


def runner_at(iteration, *terms):
    model = torch.nn.Module()
    model.map_losses = torch.nn.ModuleList(terms)
    return SimpleNamespace(model=model, iter=iteration, train_dataloader=range(10))


@pytest.mark.parametrize(('iteration', 'share'), [(0, 0), (10, 0), (15, 0.25), (30, 1), (99, 1)])
def test_the_weight_grows_between_two_epochs(iteration, share):
    term = EntropyLoss(loss_weight=1.0)
    RampLossWeight(begin=1, end=3).before_train_iter(runner_at(iteration, term), 0)
    assert term.ramp == pytest.approx(share)
    maps, label = torch.zeros(1, 2, 2, 2), torch.ones(1, 2)
    assert term(maps, label).item() == pytest.approx(share * 0.693147, abs=1e-5)


def test_the_same_begin_and_end_switch_it_on():
    term = EntropyLoss()
    for iteration, share in ((19, 0.0), (20, 1.0)):
        RampLossWeight(begin=2, end=2).before_train_iter(runner_at(iteration, term), 0)
        assert term.ramp == share


def test_only_the_terms_that_are_named():
    entropy, concentration = EntropyLoss(), ConcentrationLoss()
    hook = RampLossWeight(end=2, terms=['EntropyLoss'])
    hook.before_train_iter(runner_at(0, entropy, concentration), 0)
    assert (entropy.ramp, concentration.ramp) == (0.0, 1.0)


def test_refusals():
    with pytest.raises(ConfigError, match=r'has no EntropyLoss among its map_losses \(Conc'):
        hook = RampLossWeight(end=2, terms=['EntropyLoss'])
        hook.before_train(runner_at(0, ConcentrationLoss()))
    with pytest.raises(ConfigError, match='map_losses'):
        RampLossWeight(end=2).before_train(runner_at(0))
    runner = runner_at(0, EntropyLoss())
    runner.max_epochs = 7
    RampLossWeight(begin=6, end=8).before_train(runner)
    with pytest.raises(ConfigError, match=r'begin is epoch 7, and the training ends after 7'):
        RampLossWeight(begin=7, end=8).before_train(runner)
    with pytest.raises(ConfigError, match=r'RampLossWeight\.end'):
        RampLossWeight(begin=2, end=1)
