# SPDX-License-Identifier: Apache-2.0
"""The code of the page about refiners of one's own is taken from it as it stands."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.refiners import BaseRefiner
from wsss.registry import MODELS, REFINERS, build
from wsss.structures import ScoreMaps, WSSSDataSample

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs/en/tutorials/custom_refiner.md'
BLOCKS = dict(re.findall(r'```python\n# my_project/(\S+)\n(.*?)```', PAGE.read_text(), re.S))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write the page's files and forget what they register."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for registry in (REFINERS, MODELS):
        registry.import_from_location()
    importlib.invalidate_caches()
    yield tmp_path
    REFINERS.module_dict.pop('Diffusion', None)
    MODELS.module_dict.pop('CosineNet', None)
    for name in BLOCKS:
        sys.modules.pop(Path(name).stem, None)


def test_the_page_names_its_files():
    assert sorted(BLOCKS) == [
        'cosine_net.py', 'diffusion.py', 'pets_cosine.py', 'pets_diffusion.py', 'test_diffusion.py',
    ]  # fmt: skip


def test_its_tests_pass(project):
    importlib.import_module('diffusion')
    tests = importlib.import_module('test_diffusion')
    found = [test for name, test in vars(tests).items() if name.startswith('test_')]
    assert len(found) == 3
    for test in found:
        test()


def test_its_scores_are_those_of_the_formula(project):
    diffuse = importlib.import_module('diffusion').diffuse
    torch.manual_seed(0)
    planes, grey = torch.rand(2, 4, 5), torch.rand(4, 5)
    expected = planes.clone()
    for y in range(4):
        for x in range(5):
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= v < 4 and 0 <= u < 5:
                    g = torch.exp(-(((grey[y, x] - grey[v, u]) / 0.3) ** 2))
                    expected[:, y, x] += g / 4 * (planes[:, v, u] - planes[:, y, x])
    torch.testing.assert_close(diffuse(planes, grey, contrast=0.3, iterations=1), expected)


def test_its_refiner_keeps_classes_background_and_range(project, image_and_maps):
    importlib.import_module('diffusion')
    refiner = build(REFINERS, dict(type='Diffusion'), 'refiner')
    image, maps = image_and_maps
    refined = refiner(image, maps)
    assert isinstance(refiner, BaseRefiner) and refined.keys.tolist() == [1, 3]
    assert refined.scores.shape == (2, 24, 30) and refined.background.shape == (24, 30)
    assert 0 <= refined.planes().min() and refined.planes().max() <= 1


@pytest.fixture
def image_and_maps():
    torch.manual_seed(0)
    image = torch.randint(0, 256, (24, 30, 3), dtype=torch.uint8).numpy()
    maps = ScoreMaps(torch.tensor([1, 3]), torch.rand(2, 6, 8), (24, 30), torch.rand(6, 8))
    return image, maps


def test_its_network_learns_and_lets_maps_walk(project, image_and_maps):
    importlib.import_module('cosine_net')
    torch.manual_seed(0)
    model = build(MODELS, dict(type='CosineNet', stride=4, radius=3), 'model')
    labels = torch.zeros(1, 24, 32, dtype=torch.long)
    labels[:, :, 16:] = 2
    samples = [SegDataSample(gt_sem_seg=PixelData(data=labels))]
    inputs = torch.rand(1, 3, 24, 32) + torch.eye(3)[0].view(3, 1, 1) * (labels > 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(10):
        loss = sum(model(inputs, samples, mode='loss').values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    image, maps = image_and_maps
    data = dict(
        inputs=[torch.from_numpy(image).permute(2, 0, 1)],
        data_samples=[WSSSDataSample(score_maps=maps)],
    )
    walked = model.test_step(data)[0].score_maps
    total = walked.planes().sum(dim=0)
    torch.testing.assert_close(total, torch.ones(24, 30))


@pytest.mark.parametrize('name', ['pets_diffusion.py', 'pets_cosine.py'])
def test_its_configs_build(project, name, capsys, monkeypatch):
    from wsss.engine.cli import train_main

    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    config = project / name
    config.write_text(config.read_text().replace('<wsss>', str(ROOT)))
    assert train_main([str(config), '--dry-run', '--work-dir', str(project / 'run')]) == 0
    assert 'segmentor' in capsys.readouterr().out
