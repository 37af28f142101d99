# SPDX-License-Identifier: Apache-2.0
"""The page about self-training: its configs build, its keys and defaults are those in use."""

import re
from pathlib import Path

import pytest

from wsss.engine.cli import load_config, train_main

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs/en/user_guides/self_training.md').read_text()
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.S)


def test_the_page_has_two_configs():
    assert len(BLOCKS) == 2


@pytest.mark.parametrize('block', BLOCKS)
def test_every_stage_of_the_shown_config_builds(block, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    rows = capsys.readouterr().out
    assert 'round2_labels' in rows and 'chosen' in rows


def test_keys_and_defaults_are_those_of_the_stages():
    config = load_config(str(ROOT / 'configs/grad_cam_pp_slic/pets.py'), None)
    keys = [key for row in re.findall(r'^\| `([\w.]+)`', TEXT, re.M) for key in [row] if '.' in key]
    assert {'teacher.restrict', 'relabel.anchor', 'chosen.test_cfg.rule'} <= set(keys)
    assert all(key.split('.')[0] in config for key in keys)
    assert config.relabel_refiners[0].min_confidence == 0.7
    assert config.round_training.train_cfg.max_epochs == 5
    assert config.chosen.test_cfg.rule == 'best' and 'round10_labels' in config
