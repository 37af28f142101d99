# SPDX-License-Identifier: Apache-2.0
"""The Runner of a stage lays weights out as convolutions like them."""

import torch
from mmengine import Config
from mmengine.model import BaseModel
from torch import nn

from wsss.engine.runner import StageRunner
from wsss.registry import MODELS


@MODELS.register_module(force=True)
class TwoLayers(BaseModel):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 2)

    def forward(self, inputs, mode='tensor'):
        return self.head(self.body(inputs).mean((2, 3)))


def make(folder, name, **keys):
    torch.manual_seed(0)
    config = dict(model=dict(type='wsss.TwoLayers'), work_dir=str(folder), experiment_name=name)
    runner = StageRunner.from_cfg(Config({**config, **keys}))
    runner.close()
    return runner.model


def test_weights_lie_channels_last_unless_the_config_says_otherwise(tmp_path):
    ours, plain = make(tmp_path, 'a'), make(tmp_path, 'b', channels_last=False)
    assert ours.body.weight.stride() == (27, 1, 9, 3)
    assert plain.body.weight.stride() == (27, 9, 3, 1)
    assert ours.head.weight.is_contiguous()


def test_the_layout_survives_loading_and_changes_no_result(tmp_path):
    ours, plain = make(tmp_path, 'c'), make(tmp_path, 'd', channels_last=False)
    images = torch.rand(2, 3, 8, 8)
    ours.load_state_dict(plain.state_dict())
    assert ours.body.weight.stride() == (27, 1, 9, 3)
    torch.testing.assert_close(ours(images), plain(images))
