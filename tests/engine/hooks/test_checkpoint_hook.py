# SPDX-License-Identifier: Apache-2.0
"""Checkpoints come at the right moments, are kept as asked and can be loaded again."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from wsss.engine import checkpoint
from wsss.engine.hooks import CheckpointHook
from wsss.errors import ConfigError


@pytest.fixture
def runner(tmp_path):
    model = nn.Linear(2, 1)
    return SimpleNamespace(
        model=model,
        optim_wrapper=torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        param_schedulers=[],
        work_dir=str(tmp_path),
        seed=3,
        epoch=0,
        iter=0,
        max_epochs=5,
        max_iters=5,
        call_hook=lambda name, **kwargs: None,
    )


def run_epochs(hook, runner):
    seen = []
    for epoch in range(runner.max_epochs):
        runner.epoch, runner.iter = epoch, 10 * (epoch + 1)
        hook.after_train_epoch(runner)
        seen.append(names(runner))
    return seen


def names(runner):
    return sorted(p.name for p in Path(runner.work_dir, 'checkpoints').glob('*'))


def test_the_last_epoch_is_saved_whatever_the_interval(runner):
    assert run_epochs(CheckpointHook(interval=2), runner) == [
        [], ['epoch_2.pth'], ['epoch_2.pth'], ['epoch_4.pth'], ['epoch_5.pth'],
    ]  # fmt: skip


@pytest.mark.parametrize(('keep', 'left'), [(2, [4, 5]), (-1, [1, 2, 3, 4, 5])])
def test_as_many_are_kept_as_asked(runner, keep, left):
    run_epochs(CheckpointHook(max_keep=keep), runner)
    assert names(runner) == [f'epoch_{i}.pth' for i in left]


def test_iterations_count_when_asked(runner):
    hook = CheckpointHook(interval=2, by_epoch=False)
    for iteration in range(5):
        runner.iter = iteration
        hook.after_train_iter(runner, iteration)
    assert names(runner) == ['iter_5.pth']
    runner.epoch = 4
    hook.after_train_epoch(runner)
    assert names(runner) == ['iter_5.pth']


def test_the_pointer_leads_to_the_state(runner):
    run_epochs(CheckpointHook(), runner)
    last = checkpoint.find_last(runner.work_dir)
    content = checkpoint.load(last)
    assert content['meta'] == dict(epoch=5, iter=50, seed=3)
    assert torch.equal(content['state_dict']['weight'], runner.model.weight)


@pytest.mark.parametrize('arguments', [dict(interval=0), dict(max_keep=0), dict(max_keep=-2)])
def test_bad_arguments_are_named(arguments):
    with pytest.raises(ConfigError, match=f'CheckpointHook.{next(iter(arguments))}'):
        CheckpointHook(**arguments)
