# SPDX-License-Identifier: Apache-2.0
"""DeepLab V1 and V2 as the configs have them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.registry import MODELS

ROOT = Path(__file__).resolve().parents[2] / 'configs'
STRIDES = {'deeplabv1_r38': 8, 'deeplabv2_r101': 8, 'deeplabv2_mobilenet_v2': 16}


@pytest.fixture(scope='module', params=STRIDES)
def made(request):
    """Name and network of a model file."""
    config = Config.fromfile(ROOT / f'_base_/models/segmentor_{request.param}.py').segmentor_model
    config.backbone.init_cfg = None
    config.decode_head.num_classes = 3
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        return request.param, MODELS.build(config)


def test_batch_norm_is_frozen_and_scores_have_the_stride_of_the_file(made):
    name, model = made
    model.train()
    norms = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and not any(n.training or n.weight.requires_grad for n in norms)
    with torch.no_grad():
        scores = model(torch.zeros(1, 3, 64, 96))
    assert scores.shape == (1, 3, 64 // STRIDES[name], 96 // STRIDES[name])


def test_every_parameter_that_learns_has_a_part_in_the_loss():
    config = Config.fromfile(ROOT / '_base_/models/segmentor_deeplabv2_mobilenet_v2.py')
    config.segmentor_model.backbone.init_cfg = None
    config.segmentor_model.decode_head.num_classes = 3
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(config.segmentor_model).train()
    sample = SegDataSample(gt_sem_seg=PixelData(data=torch.ones(1, 50, 61, dtype=torch.long)))
    image = torch.randint(0, 255, (3, 50, 61), dtype=torch.uint8)
    data = model.data_preprocessor(dict(inputs=[image], data_samples=[sample]), training=True)
    losses = model(**data, mode='loss')
    assert len([key for key in losses if 'loss' in key]) == 4
    model.parse_losses(losses)[0].backward()
    assert not [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]


@pytest.fixture(scope='module')
def stage():
    config = load_config(str(ROOT / 'fully_supervised/voc_deeplabv2.py'), None).to_dict()
    return Pipeline(config, 'x', 'unused').stage('segmentor').config


def test_the_schedule_is_that_of_the_reference(stage):
    model = {**stage['model'], 'backbone': {**stage['model']['backbone'], 'depth': 50}}
    model['backbone']['init_cfg'] = None
    with DefaultScope.overwrite_default_scope('mmseg'):
        built = MODELS.build(model)
        wrapper = build_optim_wrapper(built, Config(dict(w=stage['optim_wrapper'])).w)
    names = {id(parameter): name for name, parameter in built.named_parameters()}
    found = {names[id(g['params'][0])]: g for g in wrapper.optimizer.param_groups}
    for name, rate, decay in (
        ('backbone.conv1.weight', 2.5e-4, 5e-4),
        ('backbone.layer4.2.conv3.weight', 2.5e-4, 5e-4),
        ('decode_head.conv_seg.0.weight', 2.5e-3, 5e-4),
        ('decode_head.conv_seg.3.bias', 5e-3, 0),
    ):
        group = found[name]
        assert group['lr'] == pytest.approx(rate) and group['weight_decay'] == decay
        assert group['momentum'] == 0.9
    images = round(10582 * 0.9)  # train_aug without the held-out tenth
    batch = stage['train_dataloader']['batch_size']
    assert stage['train_cfg']['max_epochs'] * images / batch == pytest.approx(20000, rel=0.01)
    scheduler = stage['param_scheduler']
    assert scheduler['end'] == stage['train_cfg']['max_epochs']
    assert (scheduler['type'], scheduler['power']) == ('PolyLR', 0.9)


def test_crops_and_views_are_those_of_the_reference(stage, tmp_path):
    Image.fromarray(np.zeros((300, 400, 3), np.uint8)).save(tmp_path / 'a.png')
    Image.fromarray(np.zeros((300, 400), np.uint8)).save(tmp_path / 'mask.png')
    sample = dict(
        image_id='a', img_path=str(tmp_path / 'a.png'), mask_path=str(tmp_path / 'mask.png'),
        num_labels=21, ori_shape=(300, 400),
    )  # fmt: skip
    set_random_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        train = Compose(stage['train_dataloader']['dataset']['pipeline'])
        test = Compose(stage['test_dataloader']['dataset']['pipeline'])
        sizes = {tuple(train(dict(sample))['inputs'].shape[1:]) for _ in range(40)}
        views = test(dict(sample))
    expected = {tuple(min(321, round(side * s)) for side in (300, 400))
                for s in (0.5, 0.75, 1, 1.25, 1.5)}  # fmt: skip
    assert sizes == expected
    assert [tuple(view.shape[1:]) for view in views['inputs']] == [(300, 400)]
