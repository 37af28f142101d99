# SPDX-License-Identifier: Apache-2.0
"""The configs on the pages of the recipes are configs that run."""

import re
from pathlib import Path

import pytest

from wsss.engine.cli import train_main

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
BLOCKS = [
    (page.parent.name, block)
    for page in sorted(CONFIGS.glob('*/README.md'))
    for block in re.findall(r'```python\n(.*?)```', page.read_text(), re.S)
    if '_base_ =' in block
]


def test_there_are_such_pages():
    assert {'ccam', 'ensemble'} <= {folder for folder, _ in BLOCKS}


@pytest.mark.parametrize(('folder', 'block'), BLOCKS)
def test_every_stage_of_the_shown_config_builds(folder, block, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{CONFIGS}/").replace("'./", f"'{CONFIGS / folder}/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    assert 'segmentor' in capsys.readouterr().out
