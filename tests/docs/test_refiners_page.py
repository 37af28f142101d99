# SPDX-License-Identifier: Apache-2.0
"""The page about refiners: its configs run, its tables are those of the code."""

import re
from pathlib import Path

import pytest

from wsss.engine.cli import train_main
from wsss.models import affinity
from wsss.ops.background_power import power_to_threshold
from wsss.refiners.crf import PRESETS
from wsss.registry import REFINERS, SUPERPIXELS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs/en/user_guides/refiners.md').read_text()
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.S)


def ours(registry):
    registry.import_from_location()
    return [n for n, c in registry.module_dict.items() if c.__module__.startswith('wsss.')]


def test_the_page_has_three_configs():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize('block', BLOCKS)
def test_every_stage_of_the_shown_config_builds(block, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    path = tmp_path / 'mine.py'
    path.write_text(block.replace("'../", f"'{ROOT}/configs/"))
    assert train_main([str(path), '--dry-run', '--work-dir', str(tmp_path / 'run')]) == 0
    rows = capsys.readouterr().out
    assert 'refined' in rows and 'pseudo_labels' in rows


def test_every_refiner_and_network_has_a_row():
    rows = re.findall(r'^\| `(\w+)`', TEXT, re.M)
    networks = [n for n in affinity.__all__ if n != 'WalkModel']
    assert set(ours(REFINERS) + networks) <= set(rows)


def test_every_source_of_superpixels_is_named():
    assert all(f'`wsss.{name}`' in TEXT for name in ours(SUPERPIXELS))


def test_powers_are_the_thresholds_shown():
    powers, thresholds = (
        re.search(rf'^\| {name} \|(.*)\|$', TEXT, re.M)[1].split('|') for name in ('alpha', 't')
    )
    assert [f'{power_to_threshold(float(p)):.2f}' for p in powers] == [
        t.strip() for t in thresholds
    ]


@pytest.mark.parametrize('preset', PRESETS)
def test_presets_are_those_shown(preset):
    row = re.search(rf'^\| `{preset}`.*', TEXT, re.M)[0].split('|')
    p = PRESETS[preset]
    assert p.gaussian_weight == 3
    colour = f'{p.bilateral_sxy}, {p.bilateral_srgb}, {p.bilateral_weight}'
    assert [c.strip() for c in row[3:6]] == [str(p.gaussian_sxy), colour, str(p.iterations)]
