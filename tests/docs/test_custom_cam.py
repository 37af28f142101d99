# SPDX-License-Identifier: Apache-2.0
"""The tutorial's class is taken from the page as it stands."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from wsss.registry import CAMS, build

PAGE = Path(__file__).parents[2] / 'docs/en/tutorials/custom_cam.md'


def code_blocks():
    blocks = re.findall(r'```python\n# (\S+)\n(.*?)```', PAGE.read_text(), re.S)
    return {Path(path).name: code for path, code in blocks}


@pytest.fixture
def layer_cam(tmp_path, monkeypatch):
    (tmp_path / 'layer_cam.py').write_text(code_blocks()['layer_cam.py'])
    monkeypatch.syspath_prepend(str(tmp_path))
    CAMS.import_from_location()
    importlib.invalidate_caches()
    importlib.import_module('layer_cam')
    yield build(CAMS, dict(type='LayerCAM', layer='backbone.0'), 'cam')
    CAMS.module_dict.pop('LayerCAM')
    sys.modules.pop('layer_cam')


@pytest.fixture
def classifier():
    torch.manual_seed(0)

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = nn.Sequential(
                nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 6, 3, 2, 1), nn.ReLU()
            )
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            return self.head(self.backbone(x).mean(dim=(2, 3)))

    return Tiny().double().eval()


def test_the_page_names_both_files():
    assert sorted(code_blocks()) == ['layer_cam.py', 'pets_layer_cam.py']


def test_its_maps_are_those_of_the_formula(layer_cam, classifier):
    images = torch.randn(2, 3, 12, 16, dtype=torch.float64)
    found = layer_cam.raw_maps(classifier, images, [torch.tensor([0, 2]), torch.tensor([1])])
    for image, c, maps in ((0, 0, found[0][0]), (0, 2, found[0][1]), (1, 1, found[1][0])):
        a = classifier.backbone[0](images[image : image + 1]).detach().requires_grad_()
        logits = classifier.head(classifier.backbone[1:](a).mean(dim=(2, 3)))
        (g,) = torch.autograd.grad(logits[0, c], a)
        expected = torch.zeros(6, 8, dtype=torch.float64)
        for k in range(4):
            expected += g[0, k].clamp(min=0) * a[0, k].detach()
        torch.testing.assert_close(maps, expected.clamp(min=0))


def test_its_short_cut_at_the_last_layer_equals_its_gradients(layer_cam, classifier):
    images, ids = torch.randn(3, 3, 12, 16, dtype=torch.float64), [torch.tensor([1, 2])] * 3
    layer_cam.layer = None
    closed = layer_cam.raw_maps(classifier, images, ids)
    layer_cam.force_gradient = True
    for one, other in zip(closed, layer_cam.raw_maps(classifier, images, ids)):
        torch.testing.assert_close(one, other)


def test_the_config_block_selects_it():
    scope = {}
    exec(code_blocks()['pets_layer_cam.py'], scope)
    assert scope['custom_imports'] == dict(imports=['layer_cam'])
    assert scope['cams']['model']['cam']['type'] == 'LayerCAM'
    base = scope['_base_'].replace('<wsss>', str(PAGE.parents[3]))
    assert Path(base).is_file()
