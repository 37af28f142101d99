# SPDX-License-Identifier: Apache-2.0
"""The configs on the page about maps are configs that run."""

import re
from pathlib import Path

import pytest

from wsss.engine.cli import train_main

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/user_guides/maps.md'
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S)


def test_the_page_has_all():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize('block', BLOCKS)
def test_every_stage_of_the_shown_config_builds(block, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    assert 'pseudo_labels' in capsys.readouterr().out
