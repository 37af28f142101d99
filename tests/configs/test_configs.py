# SPDX-License-Identifier: Apache-2.0
"""Every config parses, and every stage of it builds without weights and data."""

from pathlib import Path

import pytest

from wsss.engine.cli import load_config, train_main
from wsss.engine.pipeline import Pipeline

ROOT = Path(__file__).resolve().parents[2] / 'configs'
CONFIGS = sorted(str(p.relative_to(ROOT)) for p in ROOT.glob('*/*.py') if '_base_' not in p.parts)


def test_there_are_configs():
    assert {'demo/shapes.py', 'cam/pets.py', 'cam/pets_light.py'} <= set(CONFIGS)


@pytest.mark.parametrize('name', CONFIGS)
def test_every_stage_builds_without_weights_and_data(name, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    config = ROOT / name
    options = ['data.train.num_images=4', 'data.val.num_images=4', 'data.test.num_images=4']
    overrides = ['--cfg-options', *options] if 'shapes' in name else []
    code = train_main([str(config), '--dry-run', '--work-dir', str(tmp_path / 'run'), *overrides])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    pipeline = load_config(str(config), None).pipeline
    rows = captured.out.splitlines()[-len(pipeline) :]
    assert [row.split()[:3] for row in rows] == [[stage, 'to', 'run'] for stage in pipeline]
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('name', [c for c in CONFIGS if c.endswith('_light.py')])
def test_a_light_config_is_the_twin_of_a_full_one(name, tmp_path):
    light = load_config(str(ROOT / name), None)
    full = load_config(str(ROOT / name.replace('_light', '')), None)
    further = [stage for stage in full.pipeline if stage not in light.pipeline]
    assert light.pipeline == [stage for stage in full.pipeline if stage in light.pipeline]
    assert all(stage[-1] in '23456789' for stage in further)  # of rounds that are left out
    for stage in light.pipeline:
        # same components but for network and size: maps, labeler, threshold, metric
        for key in ('cam', 'labeler'):
            a, b = (c[stage].get('model', {}) for c in (light, full))
            if isinstance(a, dict) and key in a:
                assert a[key] == b[key], f'{name}: {stage}.model.{key}'
        if isinstance(light[stage].get('test_evaluator'), dict):
            assert light[stage].test_evaluator == full[stage].test_evaluator


@pytest.mark.parametrize('name', ['sp_cam/pets_light.py', 'eps/voc_own_saliency_light.py'])
def test_no_segmentor_sees_a_batch_of_one(name):
    """Batch norm of pooled features fails on it; 513 images of batches of 16 leave one."""
    config = load_config(str(ROOT / name), None)
    for stage in ('saliency_net', 'segmentor'):
        assert config[stage].train_dataloader.drop_last is True


def test_a_child_config_stays_below_25_lines():
    for name in CONFIGS:
        if name.startswith(('grad_cam', 'cam', 'fully')):
            assert len((ROOT / name).read_text().splitlines()) <= 25, name


def test_values_of_the_command_line_reach_every_stage_that_refers_to_them(tmp_path):
    config = load_config(
        str(ROOT / 'cam/pets_light.py'),
        {'classifier.train_cfg.max_epochs': 3, 'data_root': '/nowhere', 'data.num_classes': 5},
    )
    pipeline = Pipeline(config.to_dict(), 'x', tmp_path)
    assert pipeline.stage('classifier').config['param_scheduler']['end'] == 3
    cams = pipeline.stage('cams').config
    assert cams['model']['head']['num_classes'] == 5
    assert cams['test_dataloader']['dataset']['data_root'] == '/nowhere'
    test = pipeline.stage('pseudo_labels_test').config['test_dataloader']['dataset']
    assert test['split'] == 'test' and 'held_out' not in test
