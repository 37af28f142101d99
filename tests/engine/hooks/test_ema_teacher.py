# SPDX-License-Identifier: Apache-2.0
"""The mean of the weights is what a training leaves, stopped or not."""

import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner

from wsss.engine import checkpoint


class Numbers(BaseDataset):
    def load_data_list(self):
        return [dict(value=float(i)) for i in range(6)]

    def prepare_data(self, idx):
        return dict(inputs=torch.tensor([self.get_data_info(idx)['value']]))


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.norm = torch.nn.BatchNorm1d(1)
        self.seen = []

    def forward(self, inputs, mode='loss'):
        self.seen.append({k: v.clone() for k, v in self.state_dict().items()})
        return dict(loss=(self.layer(self.norm(torch.stack(inputs))) - 1).square().mean())


def train(work_dir, epochs, name, resume=False):
    checkpoint.register_loaders()
    torch.manual_seed(0)
    runner = Runner(
        model=Net(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=3, dataset=Numbers(), sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[dict(type='wsss.EMATeacher', momentum=0.25)],
        default_hooks=dict(checkpoint=dict(type='wsss.CheckpointHook')),
        load_from=str(checkpoint.find_last(work_dir)) if resume else None,
        resume=resume,
        experiment_name=name,
    )
    runner.train()
    return runner.model


def test_the_result_is_the_running_mean(tmp_path):
    model = train(tmp_path, 2, 'ema_mean')
    after = [*(seen['layer.weight'] for seen in model.seen[1:])]
    # those after the last iteration have not been seen: the checkpoint has them
    mean = after[0]
    for weights in after[1:]:
        mean = 0.75 * mean + 0.25 * weights
    last = checkpoint.load(checkpoint.find_last(tmp_path))['ema_state_dict']['module.layer.weight']
    expected = 0.75 * mean + 0.25 * last
    torch.testing.assert_close(model.layer.weight.data, expected)
    assert not torch.equal(model.layer.weight.data, last)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_a_stopped_training_goes_on_with_its_mean(tmp_path):
    whole = train(tmp_path / 'whole', 4, 'ema_whole').state_dict()
    train(tmp_path / 'parts', 2, 'ema_first')
    resumed = train(tmp_path / 'parts', 4, 'ema_second', resume=True).state_dict()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
