# SPDX-License-Identifier: Apache-2.0
import copy

import pytest
import torch
import torchvision
from torch import nn

from wsss.cams import CAM, GradCAM, Preparation
from wsss.errors import ConfigError
from wsss.models import CAMClassifier, TorchvisionBackbone


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def make_classifier(name, channels, **backbone):
    torch.manual_seed(0)
    model = CAMClassifier(
        backbone=dict(type='wsss.TorchvisionBackbone', name=name, **backbone),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=channels),
        cam=dict(type='CAM'),
    )
    model.eval()
    return model


@pytest.mark.parametrize(
    'name, shape, kwargs',
    [
        ('resnet18', (2, 512, 2, 2), {}),
        ('mobilenet_v3_small', (2, 576, 2, 2), {}),
        ('squeezenet1_1', (2, 512, 3, 3), {}),
        ('shufflenet_v2_x0_5', (2, 1024, 2, 2), {}),
        ('regnet_y_400mf', (2, 440, 2, 2), {}),
        ('mnasnet0_5', (2, 1280, 2, 2), {}),
        ('swin_t', (2, 768, 2, 2), {}),
        ('vit_b_32', (2, 768, 2, 2), dict(image_size=64)),
        ('googlenet', (2, 1024, 2, 2), {}),
    ],
)
def test_every_family_gives_its_last_feature_map(images, name, shape, kwargs):
    net = TorchvisionBackbone(name, **kwargs).eval()
    with torch.no_grad():
        (features,) = net(images)
    assert tuple(features.shape) == shape
    assert not any(m._forward_hooks for m in net.modules())


def test_weights_of_torchvision_load_by_name_and_give_its_features(images, tmp_path):
    torch.manual_seed(1)
    theirs = torchvision.models.resnet18().eval()
    torch.save(theirs.state_dict(), tmp_path / 'resnet18.pth')
    ours = TorchvisionBackbone(
        'resnet18', init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet18.pth'))
    )
    ours.init_weights()
    ours.eval()
    names = [name for name in theirs.state_dict() if not name.startswith('fc.')]
    assert list(ours.state_dict()) == names
    with torch.no_grad():
        expected = nn.Sequential(*list(theirs.children())[:-2])(images)
        torch.testing.assert_close(ours(images)[-1], expected)


def test_parts_that_are_frozen_are_not_trained():
    net = TorchvisionBackbone('resnet18', frozen=('conv1', 'bn1', 'layer1'), norm_eval=True)
    net.train()
    assert net.training and not net.layer1.training and not net.layer4[0].bn1.training
    assert net.layer4[0].training
    trained = {name.split('.')[0] for name, p in net.named_parameters() if p.requires_grad}
    assert trained == {'layer2', 'layer3', 'layer4'}


def test_it_learns(images):
    model = make_classifier('resnet18', 512)
    model.train()
    model(images)[:, 0].sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_copy_is_independent(images):
    net = TorchvisionBackbone('resnet18').eval()
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.layer4[1].bn2.weight.zero_()
        assert not torch.equal(other(images)[-1], net(images)[-1])
        other.bn1 = nn.Identity()
        changed = other(images)[-1]
    assert isinstance(net.bn1, nn.BatchNorm2d) and torch.isfinite(changed).all()


@pytest.mark.parametrize(
    'name, channels, layer, kwargs',
    [
        ('resnet18', 512, 'backbone.layer4', {}),
        ('mobilenet_v2', 1280, 'backbone.features.-1', {}),
        ('swin_t', 768, 'backbone.norm', {}),
        ('vit_b_32', 768, 'backbone', dict(image_size=64)),
    ],
)
def test_closed_forms_hold_on_every_kind(images, name, channels, layer, kwargs):
    model, ids = (
        make_classifier(name, channels, **kwargs),
        [torch.tensor([0, 2]), torch.tensor([1])],
    )
    expected = GradCAM(layer=layer, eps=0, force_gradient=True)(model, images, ids)
    default = CAM(eps=0)(model, images, ids)
    named = CAM(layer=layer, eps=0)(Preparation().prepare(model, CAM(), images), images, ids)
    for one, two, three in zip(expected, default, named):
        torch.testing.assert_close(one.scores, two.scores, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(one.scores, three.scores, atol=1e-4, rtol=1e-4)


def test_output_stride_makes_finer_maps(images):
    model = make_classifier('resnet18', 512, out_layers=('layer3', 'layer4'))
    assert [f.shape[-1] for f in model.backbone(images)] == [4, 2]
    fine = CAMClassifier(
        backbone=dict(type='wsss.TorchvisionBackbone', name='resnet18'), output_stride=8
    )
    assert fine.backbone(images)[-1].shape[-1] == 8


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(name='resnet19'), "torchvision has no model 'resnet19'. Did you mean 'resnet"),
        (
            dict(name='resnet18', out_layers=('layer5',)),
            "resnet18 has no part 'layer5'. Did you mean .* It has: conv1",
        ),
        (dict(name='resnet18', frozen=('stem',)), "resnet18 has no part 'stem'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        TorchvisionBackbone(**arguments)


def test_a_part_that_is_not_run_is_refused(images):
    net = TorchvisionBackbone('squeezenet1_1')
    net.spare = nn.Conv2d(3, 3, 1)
    net.out_layers = ('spare',)
    with pytest.raises(ConfigError, match="'spare' of squeezenet1_1 is not run as a whole"):
        net(images)
