# SPDX-License-Identifier: Apache-2.0
"""Label maps for a test server, and the stages that send a segmentor's scores through a CRF."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.datasets import Shapes
from wsss.engine.cli import test_main as main
from wsss.engine.submission import VOCSubmission

STAGES = Path(__file__).resolve().parents[2] / 'configs/_base_/stages'


@pytest.fixture(scope='module')
def run(tmp_path_factory, tiny_class):
    """A supervised run on generated images, with CRF."""
    made = tiny_class(tmp_path_factory.mktemp('submission'))
    path = made.folder / 'child.py'
    path.write_text(
        f"_base_ = ['./tiny.py', '{STAGES / 'segmentor_crf.py'}']\n"
        "pipeline = ['segmentor', 'segmentor_scores', 'segmentor_crf']\n"
        'segmentor_model = dict(backbone=dict(init_cfg=None))\n'
        'segmentor = dict(train_dataloader=dict(dataset=dict(mask_folder=None)))\n'
    )
    assert made.train(config=path) == 0
    return made, [str(path), '--work-dir', str(made.folder / 'run')]


def content(path):
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers()}


def test_masks_are_packed_in_the_tree_of_the_server(run, tmp_path, capsys, monkeypatch):
    made, arguments = run
    records = Shapes.load_records
    monkeypatch.setattr(
        Shapes, 'load_records', lambda self: [replace(r, mask_path=None) for r in records(self)]
    )
    target = [*arguments, '--stage', 'segmentor']
    assert main(target) == 1 and 'has no mask' in capsys.readouterr().err
    assert main([*target, '--submission', str(tmp_path / 'out')]) == 0
    assert f'{tmp_path}/out/results.tgz (9 masks)' in capsys.readouterr().out
    assert [p.name for p in (tmp_path / 'out').iterdir()] == ['results.tgz']
    found = content(tmp_path / 'out/results.tgz')
    expected = made.files('segmentor/masks/*.png')
    assert list(found) == [
        f'results/VOC2012/Segmentation/comp6_test_cls/{name.rsplit("/", 1)[1]}' for name in expected
    ]
    assert list(found.values()) == list(expected.values())
    image = Image.open(io.BytesIO(next(iter(found.values()))))
    assert image.mode == 'P' and image.size == (48, 48) and np.asarray(image).max() < 255


def test_the_archive_is_the_same_each_time_and_names_the_competition(run, tmp_path):
    made, _ = run
    for name in ('a', 'b'):
        submission = VOCSubmission(tmp_path / name, 'comp5')
        submission.masks = 'masks'
        submission.write(made.folder / 'run/segmentor')
    first, second = (tmp_path / name / 'results.tgz' for name in ('a', 'b'))
    assert first.read_bytes() == second.read_bytes()
    assert len(content(first)) == 9 and all('/comp5_test_cls/' in name for name in content(first))


def test_a_stage_that_writes_no_masks_is_refused(run, tmp_path, capsys):
    _, arguments = run
    target = ['--stage', 'segmentor_scores', '--submission', str(tmp_path)]
    assert main([*arguments, *target]) == 1
    assert 'stage segmentor_scores writes no masks' in capsys.readouterr().err


def test_the_crf_labels_what_the_segmentor_predicts(run):
    made, _ = run
    assert len(made.files('segmentor_scores/scores/*.npz')) == 9
    assert len(made.files('segmentor_crf/masks/*.png')) == 9
    figures = made.summary()
    assert figures['segmentor_crf']['metrics']['coverage'] == 100
    assert figures['segmentor_crf']['label_filter'] == 'open'
