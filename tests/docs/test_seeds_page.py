# SPDX-License-Identifier: Apache-2.0
"""The config on the page about seeds is one that runs."""

import re
from pathlib import Path

from wsss.engine.cli import train_main

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/user_guides/seeds.md'


def test_every_stage_of_the_shown_config_builds(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    (block,) = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    assert 'segmentor' in capsys.readouterr().out
