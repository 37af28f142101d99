# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torchvision
from torch import nn

from wsss.ops.pointwise import PointwiseConv2d, use_pointwise


@pytest.mark.parametrize('size', [(1, 3, 3), (1, 20, 30), (5, 20, 10), (20, 4, 4)])
@pytest.mark.parametrize('bias', [True, False])
def test_it_convolves_as_before(size, bias):
    conv = nn.Conv2d(6, 4, 1, bias=bias)
    fast, x = PointwiseConv2d.of(conv), torch.randn(size[0], 6, *size[1:], requires_grad=True)
    expected = torch.einsum('nchw,kc->nkhw', x, conv.weight[:, :, 0, 0])
    expected = expected if conv.bias is None else expected + conv.bias[:, None, None]
    found = fast(x)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    scale = torch.randn_like(found)
    (one,) = torch.autograd.grad((found * scale).sum(), x)
    (other,) = torch.autograd.grad((expected * scale).sum(), x)
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_whole_networks_give_the_same():
    torch.manual_seed(0)
    net = torchvision.models.resnet50().eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = net(x)
        assert use_pointwise(net) == 33  # two of each of 16 blocks, one shortcut without stride
        torch.testing.assert_close(net(x), expected, atol=1e-4, rtol=1e-4)


def test_only_plain_ones_are_replaced():
    net = nn.Sequential(
        nn.Conv2d(4, 4, 1, stride=2),
        nn.Conv2d(4, 4, 1, padding=1),
        nn.Conv2d(4, 4, 1, groups=2),
        nn.Conv2d(4, 4, 3),
    )
    assert use_pointwise(net) == 0
    assert use_pointwise(nn.Sequential(nn.Conv2d(4, 4, 1))) == 1
