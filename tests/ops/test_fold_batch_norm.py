# SPDX-License-Identifier: Apache-2.0
import copy

import pytest
import torch
from torch import nn

from wsss.ops.fold_batch_norm import fold_batch_norm


def stir(model, seed=0):
    """Give every batch norm statistics that differ from the initial ones."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 2)
                nn.init.normal_(module.bias, 0, 0.3)
    return model.eval()


def norms(model):
    return sum(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())


@pytest.fixture
def images():
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_a_folded_convolution_is_scaled_and_shifted():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=0)).eval()
    net[0].weight.data.fill_(3.0)
    net[0].bias.data.fill_(1.0)
    net[1].running_mean.fill_(2.0)
    net[1].running_var.fill_(4.0)
    net[1].weight.data.fill_(5.0)
    net[1].bias.data.fill_(7.0)
    assert fold_batch_norm(net, torch.ones(1, 1, 2, 2)) == 1
    # (3 x + 1 - 2) / 2 * 5 + 7
    assert float(net[0].weight.detach()) == 7.5 and float(net[0].bias.detach()) == 4.5
    assert isinstance(net[1], nn.Identity)


@pytest.mark.parametrize('name, count', [('resnet18', 20), ('mobilenet_v2', 52)])
def test_whole_networks_fold_without_changing_their_outputs(name, count):
    import torchvision

    net = stir(getattr(torchvision.models, name)())
    images = torch.randn(2, 3, 64, 64)
    expected = net(images).detach()
    folded = copy.deepcopy(net)
    assert fold_batch_norm(folded, images) == count == norms(net)
    assert norms(folded) == 0
    error = (folded(images).detach() - expected).abs().max() / expected.abs().max()
    assert float(error) < 1e-4


def test_a_dense_network_folds_only_where_a_convolution_comes_right_before(images):
    net = stir(
        nn.Sequential(
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 4, 3, groups=1, padding=1, padding_mode='reflect'),
            nn.BatchNorm2d(4, affine=False),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, 3),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
        )
    )
    expected = net(images).detach()
    assert fold_batch_norm(net, images) == 1
    assert norms(net) == 3
    torch.testing.assert_close(net(images).detach(), expected)


def test_a_convolution_whose_output_is_wanted_is_kept(images):
    net = stir(nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4)))
    for keep in (net[0], net[0][0]):
        assert fold_batch_norm(net, images, [keep]) == 0
    assert fold_batch_norm(net, images, [net[1]]) == 1


def test_a_convolution_read_twice_is_put_back(images):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            x = self.conv(x)
            return self.norm(x) + x

    net = stir(Twice())
    weight, expected = net.conv.weight, net(images).detach()
    assert fold_batch_norm(net, images) == 0
    assert net.conv.weight is weight and isinstance(net.norm, nn.BatchNorm2d)
    assert torch.equal(net(images).detach(), expected)


def test_a_convolution_with_two_norms_or_a_shared_norm_is_kept(images):
    class Split(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.one, self.two = nn.Conv2d(3, 4, 3), *(nn.BatchNorm2d(4),) * 2
            self.three, self.other = nn.BatchNorm2d(4), nn.Conv2d(3, 4, 3)

        def forward(self, x):
            own = self.conv(x)
            return self.one(own) + self.three(own) + self.two(self.other(x))

    assert fold_batch_norm(stir(Split()), images) == 0


def test_standardised_weights_are_kept(images):
    class Standardised(nn.Conv2d):
        def _conv_forward(self, x, weight, bias):
            return super()._conv_forward(x, weight - weight.mean(), bias)

    net = stir(nn.Sequential(Standardised(3, 4, 3), nn.BatchNorm2d(4)))
    assert fold_batch_norm(net, images) == 0
    parametrised = nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4)
    )
    assert fold_batch_norm(stir(parametrised), images) == 0


def test_it_works_in_inference_mode():
    net = stir(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    with torch.inference_mode():
        assert fold_batch_norm(net, torch.rand(1, 3, 8, 8)) == 1


def test_hooks_and_modes_are_as_before(images):
    net = stir(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()))
    net.train()
    net[1].eval()
    fold_batch_norm(net, images)
    assert net.training and net[2].training
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
