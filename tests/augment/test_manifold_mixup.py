# SPDX-License-Identifier: Apache-2.0
"""Mixing between the layers of a network."""

import copy

import pytest
import torch
from mmpretrain.models import VisionTransformer
from torch import nn

from wsss.augment import ManifoldMixup
from wsss.augment.base import blend
from wsss.errors import ConfigError


def test_the_output_of_the_stage_is_what_is_mixed():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Conv2d(2, 3, 1))
    mix = ManifoldMixup(stages=['0'])
    plain = copy.deepcopy(backbone)
    mix.attach(backbone)
    images, labels = torch.randn(4, 1, 5, 5), torch.eye(4)
    given, soft = mix(images, labels)
    assert torch.equal(given, images)
    partners, shares = soft.clone().fill_diagonal_(0).argmax(1), soft.diagonal()
    hidden = blend(plain[0](images), partners, shares)
    assert torch.allclose(backbone(given), plain[2](plain[1](hidden)), atol=1e-6)


class WithSize(nn.Module):
    """Returns the size of the map beside it, as stages of Swin do."""

    def forward(self, images):
        return images, tuple(images.shape[2:])


def test_what_is_no_tensor_stays_as_it_is():
    torch.manual_seed(0)
    mix, stage = ManifoldMixup(stages=['0']), nn.Sequential(WithSize())
    mix.attach(stage)
    images = torch.randn(4, 1, 2, 3)
    mix(images, torch.eye(4))
    mixed, size = stage(images)
    assert size == (2, 3) and not torch.equal(mixed, images)


def test_an_output_without_tensors_is_refused():
    mix, stage = ManifoldMixup(stages=['0']), nn.Sequential(nn.Identity())
    mix.attach(stage)
    mix(torch.randn(4, 1, 2, 3), torch.eye(4))
    with pytest.raises(ConfigError, match="'0' returns dict"):
        stage({})


def test_a_batch_is_mixed_once_and_other_batches_never():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Identity())
    mix = ManifoldMixup(stages=['0'])
    mix.attach(backbone)
    images = torch.randn(4, 1, 2, 2)
    assert torch.equal(backbone(images), images)
    mix(images, torch.eye(4))
    assert not torch.equal(backbone(images), images)
    assert torch.equal(backbone(images), images)


def test_all_tokens_of_a_transformer_are_mixed():
    torch.manual_seed(0)
    arch = dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32)
    backbone = VisionTransformer(arch=arch, img_size=32, patch_size=16, out_type='raw')
    backbone.eval()
    plain = copy.deepcopy(backbone)
    mix = ManifoldMixup(stages=['layers.2'])
    mix.attach(backbone)
    images = torch.randn(3, 3, 32, 32)
    _, soft = mix(images, torch.eye(3))
    seen = []
    plain.layers[2].register_forward_hook(lambda m, i, o: seen.append(o))
    plain(images)
    partners = soft.clone().fill_diagonal_(0).argmax(1)
    hidden = blend(seen[0], partners, soft.diagonal())
    found = []
    backbone.layers[2].register_forward_hook(lambda m, i, o: found.append(o))
    backbone(images)
    assert found[0].shape == (3, 5, 16)  # the class token and four patches
    assert torch.allclose(found[0], hidden, atol=1e-6)


def test_every_stage_is_drawn():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Identity(), nn.Identity())
    mix = ManifoldMixup(stages=['input', '0', '1'])
    mix.attach(backbone)
    drawn = set()
    for _ in range(40):
        images, _ = mix(torch.randn(2, 1, 2, 2), torch.eye(2))
        drawn.add(mix._drawn[0] if mix._drawn else 'input')
        backbone(images)
    assert drawn == {'input', '0', '1'}


def test_a_copy_of_the_model_mixes_on_its_own():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Identity())
    mix = ManifoldMixup(stages=['0'])
    mix.attach(backbone)
    both = copy.deepcopy(nn.ModuleDict(dict(backbone=backbone)))
    images = torch.randn(4, 1, 2, 2)
    mix(images, torch.eye(4))
    assert torch.equal(both['backbone'](images), images)
    assert not torch.equal(backbone(images), images)


def test_refusals():
    with pytest.raises(ConfigError, match=r"no module 'layer9'.*At its top are: 0, 1"):
        ManifoldMixup(stages=['layer9']).attach(nn.Sequential(nn.ReLU(), nn.ReLU()))
    with pytest.raises(ConfigError, match='not attached'):
        ManifoldMixup(stages=['input', '0'])(torch.rand(2, 1, 2, 2), torch.eye(2))
    unused = nn.Sequential(nn.ModuleDict(dict(never=nn.ReLU())))
    mix = ManifoldMixup(stages=['0.never'])
    mix.attach(unused)
    mix(torch.rand(2, 1, 2, 2), torch.eye(2))
    with pytest.raises(ConfigError, match="never ran '0.never'"):
        mix(torch.rand(2, 1, 2, 2), torch.eye(2))
    for stages in ([], [1]):
        with pytest.raises(ConfigError, match='stages must be names'):
            ManifoldMixup(stages=stages)
