# SPDX-License-Identifier: Apache-2.0
"""The decoder of U-Net on levels of any backbone."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from wsss.errors import ConfigError
from wsss.models import UNetHead

NORM = dict(type='BN')


def head(in_channels, channels, **arguments):
    torch.manual_seed(0)
    made = UNetHead(in_channels, channels, num_classes=3, norm_cfg=NORM, **arguments).eval()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return made


def levels(in_channels, sizes, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, c, *s, generator=generator) for c, s in zip(in_channels, sizes)]


def identity_head():
    """A head of one channel that adds what it upsamples to the skip, times 2, plus 1."""
    made = UNetHead((1, 1), (1,), num_classes=1, out_channels=1, threshold=0.5, dropout_ratio=0)
    for convolution in (m for m in made.modules() if isinstance(m, torch.nn.Conv2d)):
        weight = torch.zeros_like(convolution.weight)
        weight[:, :, weight.shape[2] // 2, weight.shape[3] // 2] = 1
        convolution.weight.data = weight
        convolution.bias.data.zero_()
    made.conv_seg.weight.data.fill_(2)
    made.conv_seg.bias.data.fill_(1)
    return made


def test_values_by_hand():
    coarse = torch.tensor([[[[1.0, 3.0]]]])
    fine = torch.tensor([[[[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 2.0]]]])
    # 1, 3 lie at 0.5 and 2.5 of four cells: 1, 1.5, 2.5, 3
    assert identity_head()([fine, coarse])[0, 0].tolist() == [[3, 4, 6, 7], [5, 4, 6, 11]]


def test_a_level_of_odd_size_is_cut_and_not_squeezed():
    coarse = torch.tensor([[[[1.0, 3.0]]]])
    assert identity_head()([torch.zeros(1, 1, 1, 3), coarse])[0, 0].tolist() == [[3, 4, 6]]


def test_it_is_interpolation_concatenation_and_two_convolutions_at_each_level():
    made = head((4, 5, 6), (8, 7, 3))
    fine, middle, coarse = levels((4, 5, 6), ((16, 24), (8, 12), (4, 6)))
    features = coarse
    for block, skip in zip(made.blocks, (middle, fine, None)):
        features = F.interpolate(features, scale_factor=2, mode='bilinear', align_corners=False)
        features = features if skip is None else torch.cat([features, skip], 1)
        for layer in block.convs:
            raw = F.conv2d(features, layer.conv.weight, padding=1)
            mean, var = layer.bn.running_mean, layer.bn.running_var
            features = F.batch_norm(raw, mean, var, layer.bn.weight, layer.bn.bias).clamp(min=0)
    expected = F.conv2d(features, made.conv_seg.weight, made.conv_seg.bias)
    found = made([fine, middle, coarse])
    assert found.shape == (2, 3, 32, 48)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_an_odd_border_changes_nothing_far_from_it():
    made = head((4, 5), (8,))
    fine, coarse = levels((4, 5), ((24, 24), (12, 12)))
    whole = made([fine, coarse])
    cut = made([fine[..., :23, :21], coarse[..., :11]])
    assert cut.shape[-2:] == (23, 21)
    # two convolutions see two cells far
    torch.testing.assert_close(cut[..., :21, :19], whole[..., :21, :19])


def test_levels_of_the_same_stride_are_not_upsampled():
    made = head((4, 5, 6), (8, 7))
    assert made(levels((4, 5, 6), ((9, 7), (5, 4), (5, 4)))).shape == (2, 3, 9, 7)


@pytest.mark.parametrize('size', [(64, 64), (65, 97), (33, 40), (17, 1)])
@pytest.mark.parametrize(
    'backbone, in_channels, in_index',
    [
        (dict(type='ResNet', depth=18), (64, 128, 256, 512), None),
        (dict(type='mmpretrain.ResNet', depth=18, out_indices=(1, 3)), (128, 512), None),
        (dict(type='ResNet', depth=18, strides=(1, 2, 1, 1)), (64, 256, 512), (0, 2, 3)),
        (
            dict(type='MobileNetV2', out_indices=(0, 1, 2, 4, 6)),
            (16, 24, 32, 96, 320),
            None,
        ),
        (
            dict(type='wsss.TorchvisionBackbone', name='resnet18', out_layers=('relu', 'layer1')),
            (64, 64),
            None,
        ),
    ],
)
def test_any_backbone_and_any_size(backbone, in_channels, in_index, size):
    made = head(in_channels, [4] * (len(in_channels) - 1), in_index=in_index)
    with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
        built = MODELS.build(backbone)
        built.eval()
        features = built(torch.randn(1, 3, *size))
        assert made(features).shape == (1, 3, *features[0].shape[-2:])


@pytest.mark.parametrize(
    'arguments, words',
    [
        (((4, 5, 6), (8,)), 'levels .in_channels. need at least 2'),
        (((4, 5), ()), 'UNetHead.channels must be a list'),
        (((4, 5), (0,)), r'UNetHead.channels\[0\] must be an integer of at least 1'),
        ((16, (8,)), 'UNetHead.in_channels must be a list'),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        head(*arguments)


def test_levels_from_coarse_to_fine_are_refused():
    made = head((4, 5), (8,))
    with pytest.raises(ConfigError, match=r'from fine to coarse, but one of \(8, 8\) cells comes'):
        made(levels((4, 5), ((4, 4), (8, 8))))
