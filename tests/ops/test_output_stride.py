# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from mmpretrain.models import MobileNetV2, ResNet, ResNetV1d, VisionTransformer
from torch import nn

from wsss.errors import ConfigError
from wsss.ops.output_stride import set_output_stride


def evaluated(model):
    model.eval()  # returns None in some of mmpretrain's backbones
    return model


def geometry(model):
    return {
        name: (m.stride, m.padding, m.dilation, m.kernel_size)
        for name, m in model.named_modules()
        if isinstance(m, (nn.Conv2d, nn.MaxPool2d))
    }


@pytest.mark.parametrize('size, expected', [(96, 6), (100, 7)])
def test_mobilenet_v2_at_stride_16(size, expected):
    model = evaluated(MobileNetV2())
    keys = list(model.state_dict())
    assert set_output_stride(model, 16) == ['layer6.0.conv.1.conv']
    assert model(torch.zeros(1, 3, size, size))[-1].shape == (1, 1280, expected, expected)
    assert list(model.state_dict()) == keys


def test_resnet_18_at_stride_8_and_16():
    model = evaluated(ResNet(18))
    changed = set_output_stride(model, 16)
    assert changed == ['layer4.0.conv1', 'layer4.0.downsample.0']
    assert model(torch.zeros(1, 3, 64, 96))[-1].shape == (1, 512, 4, 6)
    assert len(set_output_stride(model, 8)) == 2
    assert model(torch.zeros(1, 3, 64, 96))[-1].shape == (1, 512, 8, 12)


def test_a_resnet_without_last_stride_is_mmpretrain_s_own():
    torch.manual_seed(0)
    own = evaluated(ResNet(18, strides=(1, 2, 2, 1)))
    ours = evaluated(ResNet(18))
    set_output_stride(ours, 16)
    ours.load_state_dict(own.state_dict())
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(own(x)[-1], ours(x)[-1])


def test_dilation_equals_that_of_torchvision():
    from torchvision.models import resnet50

    torch.manual_seed(0)
    theirs = resnet50(replace_stride_with_dilation=[False, True, True]).eval()
    ours = resnet50().eval()
    ours.load_state_dict(theirs.state_dict())
    body = nn.Sequential(*list(ours.children())[:-2])
    set_output_stride(body, 8, dilate=True)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = nn.Sequential(*list(theirs.children())[:-2])(x)
        torch.testing.assert_close(body(x), expected)


def test_the_pooling_shortcut_of_resnet_d_becomes_an_identity():
    model = evaluated(ResNetV1d(depth=50))
    set_output_stride(model, 16)
    assert model.layer4[0].downsample[0].kernel_size == 1
    assert model(torch.zeros(1, 3, 64, 64))[-1].shape == (1, 2048, 4, 4)


def test_the_stride_it_has_changes_nothing():
    model = MobileNetV2()
    before = geometry(model)
    assert set_output_stride(model, 32) == []
    assert geometry(model) == before


def test_training_modes_and_gradients_are_left_alone():
    model = MobileNetV2(norm_eval=True, frozen_stages=2)
    model.train()
    before = {name: m.training for name, m in model.named_modules()}
    statistics = model.layer7[0].conv[0].bn.running_mean.clone()
    set_output_stride(model, 16)
    assert {name: m.training for name, m in model.named_modules()} == before
    assert torch.equal(model.layer7[0].conv[0].bn.running_mean, statistics)
    assert not any(m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize('stride', [64, 12])
def test_a_stride_that_is_not_passed_is_refused_with_those_that_are(stride):
    with pytest.raises(
        ConfigError, match=f'output_stride={stride} cannot be reached in MobileNetV2.* 1, 2, 4, 8, '
    ):
        set_output_stride(MobileNetV2(), stride)


def test_a_network_that_breaks_is_left_as_it_was():
    class Shortcut(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Conv2d(3, 3, 2, 2)
            self.pool = nn.MaxPool2d(3, 2, 1)

        def forward(self, x):
            return self.down(x) + self.pool(x)

    model = Shortcut()
    before = geometry(model)
    with pytest.raises(ConfigError, match='with stride 1 in down, pool its output .* stride None'):
        set_output_stride(model, 1)
    assert geometry(model) == before
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 4, 4)


def test_a_functional_stride_is_noticed():
    class Functional(nn.Sequential):
        def forward(self, x):
            return nn.functional.max_pool2d(super().forward(x), 2)

    model = Functional(nn.Conv2d(3, 3, 3, 2, 1), nn.Conv2d(3, 3, 3, 1, 1))
    with pytest.raises(ConfigError, match='output_stride=2 does not work .* has stride 4'):
        set_output_stride(model, 2)


def test_tokens_are_refused():
    model = VisionTransformer('deit-tiny', img_size=256, out_type='cls_token')
    with pytest.raises(ConfigError, match=r'VisionTransformer gives torch.Size\(\[1, 192\]\)'):
        set_output_stride(model, 16)
