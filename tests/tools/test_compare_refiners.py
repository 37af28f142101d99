# SPDX-License-Identifier: Apache-2.0
"""Refiners side by side on stored maps, as the tool is called."""

import csv
import importlib.util
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss.datasets.check import build_splits
from wsss.datasets.mask_io import read_mask
from wsss.engine.cli import load_config
from wsss.ops.best_class import best_class
from wsss.ops.confusion import confusion_matrix, mean_iou
from wsss.structures import ScoreMaps, ScoreStore

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
_base_ = '{root}/configs/demo/shapes.py'
data_root = '{folder}/data'
data = dict(train=dict(num_images=12, image_size=(48, 48), held_out=0.25))
"""
SMOOTH = 'smooth={"type": "PAMR", "iterations": 2, "dilations": [1, 2]}'


@pytest.fixture
def call(tmp_path):
    spec = importlib.util.spec_from_file_location(
        'compare_refiners', ROOT / 'tools/analysis_tools/compare_refiners.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments, refiners=(SMOOTH,)):
        target = ['--scores', tmp_path / 'cams', '--out', tmp_path / 'out', '--workers', 0]
        flags = [part for text in refiners for part in ('--refiner', text)]
        return module.main([str(a) for a in (tmp_path / 'config.py', *target, *flags, *arguments)])

    return run


@pytest.fixture
def infos(tmp_path):
    """Write maps of half the size of the images: 0.8 on the class, 0.1 beside it."""
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(root=ROOT, folder=tmp_path))
    dataset = build_splits(load_config(str(path), None).to_dict(), ['train'])['train']
    infos = [dataset.get_data_info(i) for i in range(12)]
    store = ScoreStore(tmp_path / 'cams/scores')
    for info in infos:
        mask = read_mask(info['mask_path'], info['num_labels'], values=info['mask_values'])
        keys = info['gt_label']
        scores = np.stack([np.where(mask == key + 1, 0.8, 0.1) for key in keys])[:, ::2, ::2]
        maps = ScoreMaps(torch.tensor(keys), torch.from_numpy(scores.astype(np.float32)), (48, 48))
        store.write(info['image_id'], maps)
    return infos


def rows(folder):
    return list(csv.DictReader(io.StringIO((folder / 'out/table.csv').read_text())))


def test_it_writes_table_csv_and_sheet(call, infos, tmp_path, capsys):
    assert (
        call(refiners=(SMOOTH, 'both=[{"type": "PAMR", "iterations": 1}, {"type": "PAMR"}]')) == 0
    )
    printed = capsys.readouterr().out
    table = (tmp_path / 'out/table.md').read_text()
    assert table in printed and 'split train, metric M0, images 9, held out images 3' in table
    assert [line.split('|')[1].strip() for line in table.splitlines() if line[:1] == '|'] == [
        'refiner', '---', 'raw', 'smooth', 'both',
    ]  # fmt: skip
    assert 'oracle mIoU' in table and 'IoU background' in table
    found = rows(tmp_path)
    assert [(r['refiner'], r['protocol']) for r in found[:3]] == [
        ('raw', 'held_out'), ('raw', 'oracle'), ('smooth', 'held_out'),
    ]  # fmt: skip
    assert all(float(row['mIoU']) > 80 and row['seed'] == '0' for row in found)
    sheet = np.asarray(Image.open(tmp_path / 'out/sheet.png'))
    assert sheet.shape[1] > 5 * 176 and sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        'sheet.png', 'table.csv', 'table.md',
    ]  # fmt: skip


def test_figures_of_the_raw_maps_are_those_of_labelling_them(call, infos, tmp_path):
    assert call('--cfg-options', 'data.train.held_out=0.0') == 0
    (raw,) = (row for row in rows(tmp_path) if row['refiner'] == 'raw')  # no held-out threshold
    assert raw['protocol'] == 'oracle' and raw['images'] == '12'
    store, total = ScoreStore(tmp_path / 'cams/scores'), 0
    for info in infos:
        label, score = best_class(store.read(info['image_id']), range(1, info['num_labels']))
        truth = read_mask(info['mask_path'], info['num_labels'], values=info['mask_values'])
        label = torch.where(score < float(raw['threshold']), 0, label)
        total = total + confusion_matrix(torch.from_numpy(truth), label, info['num_labels'])
    assert float(raw['mIoU']) == pytest.approx(100 * float(mean_iou(total)), abs=0.006)


def test_images_without_maps_are_named_and_left_out(call, infos, tmp_path, capsys):
    lost = [info['image_id'] for info in infos[:2]]
    for image_id in lost:
        (tmp_path / f'cams/scores/{image_id}.npz').unlink()
    assert call() == 0
    said = capsys.readouterr().err
    assert '2 of 12 images are left out' in said and all(name in said for name in lost)
    assert 'does not exist' in said and 'cams/scores' in said
    for path in (tmp_path / 'cams/scores').iterdir():
        path.write_bytes(b'')
    assert call() == 1
    assert 'nothing to compare: 12 of 12' in capsys.readouterr().err


def test_worker_processes_and_a_seed_give_the_same_figures(call, infos, tmp_path):
    def figures():
        return [(row['refiner'], row['threshold'], row['mIoU']) for row in rows(tmp_path)]

    assert call('--num-images', 6, '--images-seed', 3) == 0
    alone = figures()
    assert call('--num-images', 6, '--images-seed', 3, '--workers', 2, '--sheet-images', 0) == 0
    assert figures() == alone and rows(tmp_path)[0]['images'] == '4'


def test_refiners_of_another_config_carry_its_name(call, infos, tmp_path):
    other = tmp_path / 'other.py'
    other.write_text("refiners = [dict(type='wsss.PAMR', iterations=1)]")
    assert call('--refiners-from', other, refiners=()) == 0
    assert {row['refiner'] for row in rows(tmp_path)} == {'raw', 'other'}


@pytest.mark.parametrize(
    'refiners, message',
    [
        (('crf',), 'not NAME=JSON'),
        (('crf=DenseCRF',), 'is not JSON'),
        (('crf=["DenseCRF"]',), "with the key 'type'"),
        (('raw={"type": "PAMR"}',), 'name of the maps themselves'),
        ((SMOOTH, SMOOTH), 'comes twice'),
        (('x={"type": "PAMS"}',), "refiner 'x'.*Did you mean 'PAMR'"),
        (('x={"type": "PAMR", "iteration": 1}',), "Did you mean 'iterations'"),
    ],
)
def test_a_wrong_refiner_is_named_before_anything_runs(call, infos, capsys, refiners, message):
    assert call(refiners=refiners) == 1
    assert re.search(message, capsys.readouterr().err)


def test_a_missing_folder_and_refiners_are_named(call, infos, tmp_path, capsys):
    assert call('--scores', tmp_path / 'none') == 1
    assert 'none is not a folder' in capsys.readouterr().err
    assert call('--refiners-from', tmp_path / 'config.py') == 1
    assert 'has no refiners' in capsys.readouterr().err


def test_maps_of_a_stage_stand_beside_the_refiners(call, infos, tmp_path, capsys):
    store, other = (ScoreStore(tmp_path / name / 'scores') for name in ('cams', 'walked'))
    for info in infos:
        maps = store.read(info['image_id'])
        other.write(info['image_id'], ScoreMaps(maps.keys, maps.scores**2, maps.size))
    assert call('--stored', f'walked={tmp_path / "walked"}', f'same={tmp_path / "cams"}') == 0
    found = {(row['refiner'], row['protocol']): row for row in rows(tmp_path)}
    assert [name for name, protocol in found if protocol == 'oracle'] == [
        'raw', 'smooth', 'walked', 'same',
    ]  # fmt: skip
    for key in ('mIoU', 'threshold', 'seconds_per_image'):
        assert found['same', 'held_out'][key] == found['raw', 'held_out'][key]
    assert found['walked', 'oracle']['seconds_per_image'] == ''
    assert found['smooth', 'oracle']['seconds_per_image'] != ''
    capsys.readouterr()
    assert call('--stored', f'smooth={tmp_path / "walked"}') == 1
    assert 'share the names smooth' in capsys.readouterr().err
    assert call('--stored', f'walked={tmp_path / "nowhere"}') == 1
    assert 'Run the stage that makes it' in capsys.readouterr().err
