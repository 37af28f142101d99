# SPDX-License-Identifier: Apache-2.0
"""The page about sweeps shows a config that runs, and the columns that there are."""

import re
from pathlib import Path

import torch

from wsss.engine.cli import train_main
from wsss.evaluation.sweep_counts import SweepCounts
from wsss.structures import ScoreMaps

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs/en/user_guides/sweep.md').read_text()


def test_every_stage_of_the_shown_config_builds(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    (block,) = re.findall(r'```python\n(.*?)```', TEXT, re.S)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    assert 'sweep' in capsys.readouterr().out


def test_every_column_is_explained():
    counts = SweepCounts([0.5], ['background', '<label>'], [1])
    maps = ScoreMaps(torch.tensor([0]), torch.rand(1, 2, 2), size=(2, 2))
    counts.update(maps, torch.ones(2, 2, dtype=torch.uint8))
    (row,) = counts.rows(1, 'train')
    table = TEXT.split('```')[-1]
    columns = {name.replace('background', '<label>') for name in row}
    assert columns <= set(re.findall(r'`([^`]+)`', table))
