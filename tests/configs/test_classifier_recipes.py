# SPDX-License-Identifier: Apache-2.0
"""The schedules of published classifiers: learning rates, length, and what is frozen."""

from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.optim.scheduler import PolyLR
from mmengine.registry import DefaultScope
from PIL import Image

from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.registry import MODELS

ROOT = Path(__file__).resolve().parents[2] / 'configs'


def classifier(name, schedule=None):
    """Return the resolved classifier stage of a config, with another schedule."""
    config = load_config(str(ROOT / name), None).to_dict()
    if schedule is not None:
        path = ROOT / f'_base_/schedules/{schedule}.py'
        config['classifier_recipe'] = Config.fromfile(path).to_dict()['classifier_recipe']
    return Pipeline(config, 'x', 'unused').stage('classifier').config


def groups(stage):
    """Return name -> group of the optimiser, and the model."""
    model = {**stage['model'], 'backbone': {**stage['model']['backbone'], 'init_cfg': None}}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built = MODELS.build(model)
        built.init_weights()
        wrapper = build_optim_wrapper(built, Config(dict(w=stage['optim_wrapper'])).w)
    names = {id(parameter): name for name, parameter in built.named_parameters()}
    found = {names[id(g['params'][0])]: g for g in wrapper.optimizer.param_groups}
    return found, built


@pytest.mark.parametrize(
    'config, lr, momentum', [('voc_irn', 0.01, 0.9), ('voc_irn_momentum0', 0.1, 0.0)]
)
def test_irn_recipe(config, lr, momentum):
    stage = classifier(f'cam/{config}.py')
    found, model = groups(stage)
    for name, rate in (
        ('backbone.layer3.0.conv1.weight', lr),
        ('backbone.layer4.2.bn3.bias', lr),
        ('head.fc.weight', 10 * lr),
        ('head.fc.bias', 0),
    ):
        assert found[name]['lr'] == pytest.approx(rate)
        assert found[name]['momentum'] == momentum
    assert found['head.fc.weight']['weight_decay'] == 1e-4
    assert not any('layer1' in name or 'layer2' in name or '.conv1.w' == name for name in found)
    assert not model.head.fc.bias.any()
    assert stage['train_cfg']['max_epochs'] == stage['param_scheduler']['end'] == 5
    assert stage['train_dataloader']['batch_size'] == 16


@pytest.mark.parametrize(
    'schedule, lr, momentum', [('classifier_psa', 0.01, 0.9), ('classifier_psa_momentum0', 0.1, 0)]
)
def test_psa_recipe(schedule, lr, momentum):
    stage = classifier('cam/voc_irn.py', schedule)
    found, _ = groups(stage)
    for name, factor in (
        ('backbone.layer3.0.conv1.weight', 1),
        ('backbone.layer4.2.bn3.bias', 2),
        ('head.fc.weight', 10),
        ('head.fc.bias', 0),
    ):
        assert found[name]['lr'] == pytest.approx(factor * lr)
    assert found['head.fc.weight']['momentum'] == momentum
    assert found['head.fc.weight']['weight_decay'] == 5e-4
    assert stage['train_cfg']['max_epochs'] == stage['param_scheduler']['end'] == 15


def test_learning_rate_falls_at_every_iteration_over_the_true_length():
    scheduler = dict(classifier('cam/voc_irn.py')['param_scheduler'])
    assert scheduler.pop('type') == 'PolyLR' and scheduler.pop('convert_to_iter_based')
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    made = PolyLR.build_iter_from_epoch(optimizer, **scheduler, epoch_length=20)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        made.step()
    # 0 is reached at the last of the 100 steps, where the published rule would have one more
    expected = [0.1 * (1 - step / 99) ** 0.9 for step in range(100)]
    assert rates == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('schedule, side', [('classifier_irn', 512), ('classifier_psa', 448)])
@pytest.mark.parametrize('size', [(500, 333), (90, 700), (2000, 1500)])
def test_crops_are_full_and_padded_with_the_mean_colour(schedule, side, size, tmp_path):
    path = tmp_path / 'white.png'
    Image.new('RGB', size, 'white').save(path)
    steps = classifier('cam/voc_irn.py', schedule)['train_dataloader']['dataset']['pipeline']
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        packed = Compose([step for step in steps if step['type'] != 'ColorJitter'])(
            dict(image_id='a', img_path=str(path), gt_label=[0], ori_shape=size[::-1])
        )
    assert packed['inputs'].shape == (4, side, side)
    colours = {tuple(colour) for colour in packed['inputs'].flatten(1).T.tolist()}
    # at these sizes the short side never fills the crop
    assert colours == {(255, 255, 255, 255), (124, 116, 104, 0)}
