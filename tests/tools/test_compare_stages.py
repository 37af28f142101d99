# SPDX-License-Identifier: Apache-2.0
"""What stages made of the same images, side by side."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss.datasets.check import build_splits
from wsss.datasets.mask_io import read_mask
from wsss.engine.checkpoint import save
from wsss.engine.cli import load_config
from wsss.models import SuperpixelNet
from wsss.structures import ScoreMaps, ScoreStore
from wsss.visualization.sample_panels import LINE, Legend
from wsss.visualization.stage_sheet import StageSheet

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
_base_ = [
    '{root}/configs/demo/shapes.py', '{root}/configs/_base_/stages/sp_cam.py',
    '{root}/configs/_base_/schedules/sp_cam_light.py',
    '{root}/configs/_base_/stages/ccam.py', '{root}/configs/_base_/stages/saliency.py',
]
pipeline = ['ccam', 'ccam_maps', 'object_maps', 'object_masks', 'saliency_net', 'saliency',
            'classifier', 'cams', 'superpixels', 'pseudo_labels']
ccam_model = dict(type='wsss.CCAM', backbone=dict(type='wsss.PlainConvNet'), in_channels=(64, 128))
segmentor_model = dict(backbone=dict(init_cfg=None))
saliency_dir = '@saliency/saliency'
data_root = '{folder}/data'
data = dict(train=dict(num_images=6, image_size=(48, 64)))
superpixel_model = dict(attribute='lab', network=dict(cell=16))
"""


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """A run whose stages left maps of the truth, labels of it, saliency and a random network."""
    folder = tmp_path_factory.mktemp('stages')
    config = folder / 'config.py'
    config.write_text(CONFIG.format(root=ROOT, folder=folder))
    dataset = build_splits(load_config(str(config), None).to_dict(), ['train'])['train']
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    store = ScoreStore(folder / 'run/cams/scores')
    for name in ('pseudo_labels/masks', 'saliency/saliency', 'superpixels', 'classifier'):
        (folder / 'run' / name).mkdir(parents=True)
    for info in infos:
        name = info['image_id']
        mask = read_mask(info['mask_path'], info['num_labels'], values=info['mask_values'])
        scores = np.stack([(mask == key + 1) * 0.9 for key in info['gt_label']])
        maps = torch.from_numpy(scores.astype(np.float32))
        store.write(name, ScoreMaps(torch.tensor(info['gt_label']), maps, mask.shape))
        wrong = np.where(mask == 255, 0, mask)
        wrong[:, :32] = 0
        Image.fromarray(wrong).save(folder / f'run/pseudo_labels/masks/{name}.png')
        grey = ((mask > 0) * 255).astype(np.uint8)
        Image.fromarray(grey).save(folder / f'run/saliency/saliency/{name}.png')
    net = SuperpixelNet(network=dict(type='wsss.SuperpixelFCN', cell=16), attribute='lab')
    torch.manual_seed(0)
    net.init_weights()
    save(dict(state_dict=net.state_dict()), folder / 'run/superpixels/weights.pth')
    return folder, dataset, infos


@pytest.fixture
def call(run):
    path = ROOT / 'tools/analysis_tools/compare_stages.py'
    spec = importlib.util.spec_from_file_location('compare_stages', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = run[0]

    def call(*arguments):
        target = ['--work-dir', folder / 'run', '--out', folder / 'sheet.png']
        return module.main([str(a) for a in (folder / 'config.py', *target, *arguments)])

    return call


def test_each_stage_has_a_column_of_what_it_wrote(run):
    folder, dataset, infos = run
    legend = Legend.from_metainfo(dataset.metainfo)
    stages = {name: folder / 'run' / name for name in ('cams', 'saliency', 'pseudo_labels')}
    sheet = StageSheet(stages, legend, panel=64)
    info = max(infos, key=lambda info: len(info['gt_label']))
    row = sheet.row(info)
    image, cam, saliency, label, truth = row.panels
    assert image.image.shape == cam.image.shape == (48, 64, 3)
    mask = read_mask(info['mask_path'], info['num_labels'], values=info['mask_values'])
    counts = np.bincount(mask.ravel(), minlength=256)
    most = max(info['gt_label'], key=lambda key: counts[key + 1])
    assert cam.caption == legend.image_class(most)
    bright = cam.image.sum(2) > 300
    assert bright[mask == most + 1].mean() > 0.9 and bright[mask == 0].mean() < 0.1
    assert (saliency.image.sum(2) > 300)[(mask > 0) & (mask < 255)].mean() > 0.9
    assert label.caption.startswith('mIoU') and float(label.caption.split()[1]) < 100
    assert truth.caption and [name for name, _ in row.tags]


def test_the_tool_writes_a_page_with_superpixels(run, call, capsys):
    folder, _, infos = run
    columns = ['saliency', 'superpixels', 'cams', 'pseudo_labels']
    names = [infos[2]['image_id'], infos[0]['image_id']]
    assert call('--stages', *columns, '--images', *names, '--panel', 64) == 0
    assert '2 images, 4 stages' in capsys.readouterr().out
    page = np.asarray(Image.open(folder / 'sheet.png'))
    assert (page == LINE).all(2).sum() > 100  # outlines
    assert call('--stages', 'cams', '--num-images', 3) == 0
    one = np.asarray(Image.open(folder / 'sheet.png'))
    assert call('--stages', 'cams', '--num-images', 3, '--images-seed', 1) == 0
    assert not np.array_equal(one, np.asarray(Image.open(folder / 'sheet.png')))


@pytest.mark.parametrize(
    'arguments, words',
    [
        (['--stages', 'cam'], "['cam'] are not in the pipeline"),
        (['--stages', 'classifier'], 'stage classifier: '),
        (['--stages', 'cams', '--images', 'x'], "['x'] are not in the split 'train' of 6 images"),
    ],
)
def test_what_cannot_be_shown_is_named(call, capsys, arguments, words):
    assert call(*arguments) == 1
    assert words in capsys.readouterr().err
