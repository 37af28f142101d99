# SPDX-License-Identifier: Apache-2.0
"""The networks of affinities as the configs have them."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.registry import MODELS

FOLDER = Path(__file__).resolve().parents[2] / 'configs/_base_/models'
FILES = sorted(path.stem for path in FOLDER.glob('*.py') if path.stem.startswith(('aff', 'bound')))


@pytest.mark.parametrize('name', FILES)
def test_every_parameter_that_learns_has_a_part_in_the_loss(name):
    # several processes wait for each other's gradients, of all parameters
    config = Config.fromfile(FOLDER / f'{name}.py').to_dict()['affinity_model']
    config['backbone']['init_cfg'] = None
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(config)
    model.train()
    labels = torch.zeros(1, 60, 85, dtype=torch.long)
    labels[:, :, 32:] = 1
    sample = SegDataSample(gt_sem_seg=PixelData(data=labels))
    sum(model(torch.rand(1, 3, 60, 85), [sample], mode='loss').values()).backward()
    without = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not without


@pytest.mark.parametrize('kind', ['', '_light'])
@pytest.mark.parametrize('name', ['pets', 'pets_neighbors', 'voc'])
def test_crops_fit_the_size_that_batches_are_padded_to(name, kind):
    config = Config.fromfile(FOLDER.parents[1] / f'affinitynet/{name}{kind}.py').to_dict()
    transforms = config['affinity']['train_dataloader']['dataset']['pipeline']
    crop = next(t['crop_size'] for t in transforms if t['type'] == 'RandomCrop')
    assert config['affinity_model']['data_preprocessor']['size'] == crop
