# SPDX-License-Identifier: Apache-2.0
"""ResNet38d: its shape, its stages and what is fixed."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import nn

from wsss.augment import ManifoldMixup
from wsss.augment.base import blend
from wsss.errors import ConfigError
from wsss.models import CAMClassifier, ResNet38d
from wsss.structures import WSSSDataSample


@pytest.fixture(scope='module')
def net():
    torch.manual_seed(0)
    made = ResNet38d(out_indices=(0, 1, 2))
    for module in made.modules():
        if isinstance(module, nn.Conv2d):
            # of kaiming's variance, and quick to draw
            bound = (6 / module.weight[0].numel()) ** 0.5
            nn.init.uniform_(module.weight, -bound, bound)
        elif isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
    return made.eval()


@pytest.fixture(scope='module')
def images():
    return torch.randn(2, 3, 25, 34, generator=torch.Generator().manual_seed(1))


def run(net, images, after=None, change=None):
    """The network block by block; the output of one stage is changed."""
    levels, x = [], net.conv1a(images)
    for stage, count in dict(b2=3, b3=3, b4=6, b5=3, b6=1, b7=1).items():
        for i in range(count):
            block = getattr(net, stage)[i] if count > 1 else getattr(net, stage)
            given = F.relu(block.bn1(x))
            if i == 0 and stage in ('b5', 'b6'):
                levels.append(given)
            side = x if block.shortcut is None else block.shortcut(given)
            out = block.conv2(F.relu(block.bn2(block.conv1(given))))
            if stage in ('b6', 'b7'):
                out = block.conv3(F.relu(block.bn3(out)))
            x = side + out
        if stage == after:
            x = change(x)
    return [*levels, F.relu(net.bn7(x))]


@torch.no_grad()
def test_the_output_is_that_of_the_blocks_one_by_one(net, images):
    for found, expected in zip(net(images), run(net, images), strict=True):
        assert expected.std() > 0.1
        torch.testing.assert_close(found, expected)


@torch.no_grad()
@pytest.mark.parametrize('stage', ['input', 'b2', 'b3', 'b4', 'b5', 'b6'])
def test_every_stage_can_be_mixed_after(net, images, stage):
    torch.manual_seed(3)
    mix = ManifoldMixup(stages=[stage])
    mix.attach(net)
    given, soft = mix(images, torch.eye(2))
    found = net(given)

    def mixed(x):
        return blend(x, soft.clone().fill_diagonal_(0).argmax(1), soft.diagonal())

    start = mixed(images) if stage == 'input' else images
    for level, expected in zip(found, run(net, start, stage, mixed), strict=True):
        torch.testing.assert_close(level, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found[2], run(net, images)[2], atol=1e-2)
    if stage == 'b5':  # a level from before the place is not mixed
        torch.testing.assert_close(found[0], run(net, images)[0])


def test_names_in_the_state_dict(net):
    names = set(net.state_dict())
    assert {'conv1a.weight', 'b2.0.shortcut.weight', 'b4.5.bn2.running_var', 'bn7.bias'} <= names
    assert {'b5.2.conv2.weight', 'b6.conv3.weight', 'b7.bn3.weight'} <= names


def test_it_classifies_and_explains_as_in_psa():
    torch.manual_seed(0)
    model = CAMClassifier(
        data_preprocessor=dict(mean=[123.0] * 3, std=[58.0] * 3),
        backbone=dict(type='wsss.ResNet38d'),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=4096),
        cam=dict(type='CAM'),
    )
    model.train()
    samples = [DataSample().set_gt_score(torch.tensor([1.0, 0, 1]))]
    loss = model.loss(torch.randn(1, 3, 24, 24), samples)['loss']
    (gradient,) = torch.autograd.grad(loss, model.head.fc.weight)
    assert torch.isfinite(gradient).all() and gradient.shape == (3, 4096)
    sample = WSSSDataSample(gt_label=torch.tensor([2]), metainfo=dict(ori_shape=(24, 32)))
    views = [torch.randint(0, 256, (3, 24, 32), dtype=torch.uint8)]
    (explained,) = model.test_step(dict(inputs=[views], data_samples=[sample]))
    assert explained.score_maps.keys.tolist() == [2]


@pytest.mark.parametrize('last', [0, 1, 2])
def test_all_that_is_trained_has_a_gradient_and_levels_do_not_change(net, last):
    made = ResNet38d(out_indices=(last,), norm_eval=False)
    made.load_state_dict(net.state_dict())
    image = torch.randn(1, 3, 24, 24)
    found = made.eval()(image)
    assert torch.equal(found[0], net(image)[last])
    made.train()(image)[0].square().sum().backward()
    for name, parameter in made.named_parameters():
        assert (parameter.grad is not None) is parameter.requires_grad, name


def test_a_level_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match='out_indices must be of 0, 1, 2'):
        ResNet38d(out_indices=(3,))


def test_the_wide_network_has_its_published_shape(net):
    with torch.no_grad():
        shapes = [tuple(f.shape) for f in net(torch.zeros(1, 3, 40, 64))]
    assert shapes == [(1, 512, 5, 8), (1, 1024, 5, 8), (1, 4096, 5, 8)]

    def basic(given, inside, outside, shortcut):
        return 9 * (given * inside + inside * outside) + shortcut * given * outside

    def narrow(given, inside, middle, outside):
        return given * inside + 9 * inside * middle + middle * outside + given * outside

    expected = (
        9 * 3 * 64
        + basic(64, 128, 128, 1) + 2 * basic(128, 128, 128, 0)
        + basic(128, 256, 256, 1) + 2 * basic(256, 256, 256, 0)
        + basic(256, 512, 512, 1) + 5 * basic(512, 512, 512, 0)
        + basic(512, 512, 1024, 1) + 2 * basic(1024, 512, 1024, 0)
        + narrow(1024, 512, 1024, 2048) + narrow(2048, 1024, 2048, 4096)
    )  # fmt: skip
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert sum(conv.weight.numel() for conv in convs) == expected
    assert all(conv.bias is None for conv in convs)


def test_what_is_fixed_stays_fixed():
    net = ResNet38d().train()
    learning = {name for name, p in net.named_parameters() if p.requires_grad}
    convs = {f'{name}.weight' for name, m in net.named_modules() if isinstance(m, nn.Conv2d)}
    assert learning == {name for name in convs if not name.startswith(('conv1a', 'b2.'))}
    assert not any(m.training for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    assert net.b6.drop.training and (net.b6.drop.p, net.b7.drop.p) == (0.3, 0.5)
    free = ResNet38d(frozen=False, norm_eval=False).train()
    assert all(p.requires_grad for p in free.parameters()) and free.bn7.training
