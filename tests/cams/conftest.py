# SPDX-License-Identifier: Apache-2.0
from collections import OrderedDict

import pytest
import torch
from torch import nn


class TinyBackbone(nn.Module):
    """Two stages of stride 2 whose ReLUs work in place."""

    def __init__(self):
        super().__init__()
        self.stage1 = nn.Sequential(
            nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)
        )
        self.stage2 = nn.Sequential(
            OrderedDict(conv=nn.Conv2d(6, 8, 3, 2, 1), relu=nn.ReLU(inplace=True))
        )

    def forward(self, x):
        x = self.stage1(x)
        return (x, self.stage2(x))


class TinyHead(nn.Sequential):
    """Layers one after the other, beside them one for the background and one for sub-classes."""

    def __init__(self, *layers, num_classes):
        super().__init__()
        counts = torch.arange(num_classes)
        self.register_buffer('parents', counts.repeat_interleave(counts))
        with torch.random.fork_rng():
            self.sub_fc = nn.Linear(8, len(self.parents))  # of no, one, two, ... for each class
            self.background_fc = nn.Linear(8, 1, bias=False)
        for i, layer in enumerate(layers):
            self.add_module(str(i), layer)

    def forward(self, x):
        for layer in list(self)[2:]:
            x = layer(x)
        return x


class TinyClassifier(nn.Module):
    """Backbone, pooling and a linear layer; ``linear=False`` puts a hidden layer between."""

    def __init__(self, num_classes=5, linear=True):
        super().__init__()
        self.backbone = TinyBackbone()
        hidden = [] if linear else [nn.Linear(8, 8), nn.Tanh()]
        layers = [*hidden, nn.Linear(8, num_classes)]
        self.head = TinyHead(*layers, num_classes=num_classes)
        self.frozen = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x):
        return self.head(self.backbone(x)[-1].mean(dim=(2, 3)))


@pytest.fixture
def make_classifier():
    def make(linear=True, dtype=torch.float64, seed=0):
        torch.manual_seed(seed)
        model = TinyClassifier(linear=linear).to(dtype)
        model.backbone.stage1[1].running_mean.uniform_(-0.2, 0.2)
        model.backbone.stage1[1].running_var.uniform_(0.5, 2.0)
        return model.eval()

    return make


@pytest.fixture
def images():
    return torch.randn(
        4, 3, 20, 28, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )


@pytest.fixture
def classes():
    """Two, none, three and one class."""
    return [torch.tensor(ids, dtype=torch.int64) for ids in ([0, 3], [], [1, 2, 4], [3])]
