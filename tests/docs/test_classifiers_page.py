# SPDX-License-Identifier: Apache-2.0
"""The configs on the page about classifiers are configs that run."""

import re
from pathlib import Path

import pytest

from wsss.engine.cli import train_main
from wsss.registry import BATCH_AUGMENTS, MODELS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/user_guides/classifiers.md'
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S)


def test_the_page_has_all():
    assert len(BLOCKS) == 3
    BATCH_AUGMENTS.import_from_location()
    MODELS.import_from_location()
    for name in (*BATCH_AUGMENTS.module_dict, 'EntropyLoss', 'ConcentrationLoss'):
        assert f'`wsss.{name}`' in PAGE.read_text()


@pytest.mark.parametrize('text', [BLOCKS[0], ''.join(BLOCKS[:2]), BLOCKS[2]])
def test_every_stage_of_the_shown_config_builds(text, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    path = tmp_path / 'mine.py'
    path.write_text(text.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    assert 'pseudo_labels' in capsys.readouterr().out
