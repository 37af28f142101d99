# SPDX-License-Identifier: Apache-2.0
"""U-Nets on pretrained backbones as the configs have them."""

from pathlib import Path

import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.engine.checkpoint import check_fit
from wsss.registry import MODELS

FOLDER = Path(__file__).resolve().parents[2] / 'configs/_base_/models'
FILES = ['segmentor_unet_mobilenet_v2', 'segmentor_unet_r34']


def unet(name):
    config = Config.fromfile(FOLDER / f'{name}.py').segmentor_model
    config.backbone.init_cfg = None
    config.decode_head.num_classes = 3
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(config)


def batch(*sizes):
    images = [torch.randint(0, 255, (3, *size), dtype=torch.uint8) for size in sizes]
    samples = [SegDataSample(metainfo=dict(img_shape=s, ori_shape=s)) for s in sizes]
    for sample, size in zip(samples, sizes):
        sample.gt_sem_seg = PixelData(data=torch.zeros(1, *size, dtype=torch.long))
    return dict(inputs=images, data_samples=samples)


@pytest.mark.parametrize('name', FILES)
def test_every_parameter_that_learns_has_a_part_in_the_loss(name):
    # several processes wait for each other's gradients, of all parameters
    model = unet(name).train()
    data = model.data_preprocessor(batch((64, 64), (50, 61)), training=True)
    losses = model(**data, mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not without
    norms = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {norm.training for norm in norms} == {'r34' in name}


@pytest.mark.parametrize('name, stride', zip(FILES, (2, 1)))
def test_scores_are_as_fine_as_the_file_says(name, stride):
    model = unet(name).eval()
    with torch.no_grad():
        scores = model(torch.zeros(1, 3, 64, 96))
    assert scores.shape == (1, 3, 64 // stride, 96 // stride)


@pytest.mark.parametrize('name', FILES)
@pytest.mark.parametrize('size', [(64, 64), (61, 75), (33, 20)])
def test_labels_have_the_size_of_the_image_and_padding_does_not_move_them(name, size):
    model = unet(name).eval()
    data = batch(size)
    with torch.no_grad():
        found = model.test_step(data)[0].seg_logits.data
        padded = model.data_preprocessor(data)['inputs']
        sides = [-(-side // 32) * 32 for side in size]
        assert padded.shape[-2:] == tuple(sides)
        scores = model(padded)
    scores = torch.nn.functional.interpolate(scores, sides, mode='bilinear')
    torch.testing.assert_close(found, scores[0, :, : size[0], : size[1]])


def test_a_file_of_torchvision_fills_the_resnet(tmp_path):
    content = torchvision.models.resnet34(weights=None).state_dict()
    backbone = unet('segmentor_unet_r34').backbone
    check_fit(backbone, content, 'file', True, '')
    assert set(backbone.state_dict()) == {key for key in content if not key.startswith('fc.')}
