# SPDX-License-Identifier: Apache-2.0
"""A resumed training repeats the undisturbed one bit by bit."""

import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from wsss.engine import checkpoint
from wsss.engine.functions import seed_worker
from wsss.engine.hooks.epoch_seed import seed_everything
from wsss.registry import FUNCTIONS


class Noisy(BaseDataset):
    """Images with random transforms from all three generators."""

    def load_data_list(self):
        return [dict(value=float(i)) for i in range(12)]

    def prepare_data(self, idx):
        noise = np.random.rand() + random.random() + float(torch.rand(()))  # noqa: NPY002
        return dict(inputs=torch.full((4,), self.get_data_info(idx)['value']) + noise)


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.seen = []

    def forward(self, inputs, mode='loss'):
        inputs = torch.stack(inputs)
        self.seen.append(inputs[:, 0].tolist())
        return dict(loss=self.layers(inputs / 10).square().mean())


def train(work_dir, epochs, name, resume=False, workers=2, **hook):
    loader = dict(
        batch_size=4,
        num_workers=workers,
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=Noisy(),
        worker_init_fn=dict(type='wsss.seed_worker'),
        **hook,
    )
    torch.manual_seed(0)
    runner = Runner(
        model=Net(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9)),
        custom_hooks=[dict(type='wsss.EpochSeedHook')],
        default_hooks=dict(checkpoint=dict(type='wsss.CheckpointHook')),
        randomness=dict(seed=3),
        load_from=str(checkpoint.find_last(work_dir)) if resume else None,
        resume=resume,
        experiment_name=f'{name}-{work_dir.name}',
        log_level='WARNING',
    )
    runner.train()
    return runner


@pytest.fixture(autouse=True)
def own_loader():
    checkpoint.register_loaders()


def test_resumed_run_repeats_the_undisturbed_one_bit_by_bit(tmp_path):
    whole = train(tmp_path / 'whole', 4, 'whole').model
    train(tmp_path / 'parts', 2, 'first')
    torch.rand(17), np.random.rand(5), random.random()  # noqa: NPY002
    resumed = train(tmp_path / 'parts', 4, 'second', resume=True).model
    assert resumed.seen == whole.seen[6:]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_augmentations_differ_from_epoch_to_epoch_and_between_images(tmp_path):
    seen = train(tmp_path, 2, 'epochs').model.seen
    noise = [round(value % 1, 5) for batch in seen for value in batch]
    assert len(set(noise)) == len(noise)


def test_persistent_workers_are_warned_about(tmp_path, capsys):
    runner = train(tmp_path, 1, 'persistent', workers=1, persistent_workers=True)
    text = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert 'persistent_workers=True' in text
    assert runner.epoch == 1


def test_seed_everything_repeats_and_separates_streams():
    def draw(*words):
        seed_everything(*words)
        return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002

    first = draw(0, 1, 10, 0)
    assert draw(0, 1, 10, 0) == first
    others = [draw(0, 2, 10, 0), draw(1, 1, 10, 0), draw(0, 1, 10, 1), draw(1, 0, 10, 0)]
    assert len({first, *others}) == 5
    assert len(set(first)) == 3


def test_seed_worker_follows_torch_and_what_is_mixed_in():
    threads = torch.get_num_threads()

    def draw(base_seed, **extra):
        torch.manual_seed(base_seed)
        seed_worker(0, num_workers=2, **extra)
        return random.random(), np.random.rand()  # noqa: NPY002

    try:
        assert draw(1) == draw(1)
        assert len({draw(1), draw(2), draw(1, rank=1), draw(1, rank=1, seed=4)}) == 4
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)


def test_seed_worker_is_found_by_name():
    assert FUNCTIONS.get('wsss.seed_worker') is seed_worker
