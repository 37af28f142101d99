# SPDX-License-Identifier: Apache-2.0
"""Classifiers on the backbones of published methods: stride, what is frozen, what is learnt."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from wsss.cams import CAM
from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.registry import MODELS

ROOT = Path(__file__).resolve().parents[2] / 'configs'


def model_of(name):
    """Return the config of the classifier of a config."""
    config = load_config(str(ROOT / f'cam/{name}.py'), None).to_dict()
    return Pipeline(config, 'x', 'unused').stage('classifier').config['model']


def build(name):
    model = model_of(name)
    torch.manual_seed(0)
    return MODELS.build({**model, 'backbone': {**model['backbone'], 'init_cfg': None}})


@pytest.fixture(scope='module')
def resnest():
    return build('voc_resnest50')


@pytest.fixture(scope='module')
def irn():
    return build('voc_irn')


def geometry(stage):
    """Return the dilations of the 3x3 convolutions of a stage, and all its strides."""
    convs = [part for part in stage.modules() if isinstance(part, nn.Conv2d)]
    strides = {part.stride for part in convs}
    return [part.dilation[0] for part in convs if part.kernel_size == (3, 3)], strides


def learnt(model):
    """Take a gradient as in training; return what has one. Batch norm must keep its statistics."""
    model.train()
    before = {key: value.clone() for key, value in model.named_buffers()}
    samples = [DataSample().set_gt_label(torch.tensor([1])) for _ in range(2)]
    model.loss(torch.randn(2, 3, 64, 64), samples)['loss'].backward()
    assert not any(part.training for part in model.modules() if isinstance(part, _BatchNorm))
    assert all(torch.equal(value, before[key]) for key, value in model.named_buffers())
    return {name for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize('name', ['resnest', 'irn'])
def test_a_crop_of_512_gives_32_cells(name, request):
    backbone = deepcopy(request.getfixturevalue(name).backbone).to('meta')
    backbone.eval()
    image = torch.empty(1, 3, 512, 512, device='meta')
    assert backbone(image)[-1].shape == (1, 2048, 32, 32)


def test_resnest_keeps_what_the_public_one_has_in_a_stage_without_stride(resnest):
    last = resnest.backbone.layer4
    assert geometry(last) == ([1, 2, 2], {(1, 1)})
    assert (last[0].avd_layer.kernel_size, last[0].avd_layer.stride) == (3, 1)
    assert last[0].downsample[0].kernel_size == last[0].downsample[0].stride == 1
    assert geometry(resnest.backbone.layer3)[0] == [1] * 6


def test_resnest_takes_the_weights_of_mmpretrain_s_own(resnest):
    # the backbone of its configs/_base_/models/resnest50.py
    own = MODELS.build(dict(type='mmpretrain.ResNeSt', depth=50, num_stages=4, out_indices=(3,)))
    shapes = {key: value.shape for key, value in own.state_dict().items()}
    assert {key: value.shape for key, value in resnest.backbone.state_dict().items()} == shapes
    assert model_of('voc_resnest50')['backbone']['init_cfg']['prefix'] == 'backbone.'


def test_resnest_learns_all_but_statistics(resnest):
    assert learnt(resnest) == {name for name, _ in resnest.named_parameters()}


def test_resnest_maps_have_stride_16(resnest):
    maps = CAM()(resnest.eval(), torch.randn(1, 3, 96, 130), [torch.tensor([3, 7])])
    assert maps[0].scores.shape == (2, 6, 9)


def test_resnet_of_irn_loses_its_last_stride_and_gains_no_dilation(irn):
    strides = [getattr(irn.backbone, f'layer{i}')[0].conv2.stride[0] for i in (1, 2, 3, 4)]
    assert [irn.backbone.conv1.stride[0], *strides] == [2, 1, 2, 2, 1]
    assert set(geometry(irn.backbone)[0]) == {1}


def test_resnet_of_irn_learns_from_layer3_on(irn):
    later = ('backbone.layer3', 'backbone.layer4', 'head')
    found = learnt(irn)
    assert found == {name for name, _ in irn.named_parameters() if name.startswith(later)}
    assert 'backbone.layer3.0.bn1.weight' in found


@pytest.mark.parametrize('name', ['voc_irn', 'voc_resnest50', 'voc_r38'])
def test_loss_of_published_recipes_is_the_multi_label_soft_margin(name):
    """Their learning rates belong to the mean over the classes."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        head = MODELS.build({**model_of(name)['head'], 'in_channels': 8})
    features = torch.randn(4, 8)
    labels = ([0], [1, 2], [19], [0, 5, 7])
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in labels]
    target = torch.zeros(4, 20)
    for row, ids in zip(target, labels):
        row[ids] = 1
    logits = head.fc(features)
    found = head.loss((features,), samples)['loss']
    torch.testing.assert_close(
        found, F.multilabel_soft_margin_loss(logits, target), rtol=1e-6, atol=1e-6
    )
    terms = target * F.softplus(-logits) + (1 - target) * F.softplus(logits)
    torch.testing.assert_close(found, terms.mean(), rtol=1e-6, atol=1e-6)
