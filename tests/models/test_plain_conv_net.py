# SPDX-License-Identifier: Apache-2.0
"""The small backbone of the demo."""

import pytest
import torch
from mmpretrain.registry import MODELS

from wsss.errors import ConfigError
from wsss.models import PlainConvNet


def test_shapes_follow_strides_and_channels():
    net = PlainConvNet(channels=(4, 8), num_convs=(1, 2), strides=(2, 4), out_indices=(0, 1))
    first, second = net(torch.zeros(3, 3, 32, 48))
    assert first.shape == (3, 4, 16, 24)
    assert second.shape == (3, 8, 4, 6)


def test_a_stage_is_convolution_norm_and_relu():
    torch.manual_seed(0)
    net = PlainConvNet(channels=(5,), num_convs=(1,), strides=(2,), out_indices=(0,)).eval()
    convolution, norm, _ = net.stages[0]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    images = torch.randn(2, 3, 9, 9)
    raw = torch.nn.functional.conv2d(images, convolution.weight, stride=2, padding=1)
    mean, variance = (v.view(1, -1, 1, 1) for v in (norm.running_mean, norm.running_var))
    expected = ((raw - mean) / (variance + norm.eps).sqrt()).clamp(min=0)
    assert torch.allclose(net(images)[0], expected, atol=1e-6)


def test_it_is_a_backbone_of_the_registries():
    built = MODELS.build(dict(type='wsss.PlainConvNet', channels=(2, 2, 2, 2)))
    assert isinstance(built, PlainConvNet)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(channels=(4, 8)), 'channels, num_convs and strides must be of one length'),
        (dict(out_indices=(4,)), r'out_indices must be in 0\.\.3'),
        (dict(out_indices=(-1,)), r'out_indices must be in 0\.\.3'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        PlainConvNet(**arguments)
