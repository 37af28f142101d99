# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of whole stages measure what they say."""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from wsss.engine.cli import train_main
from wsss.fileio import write_mask
from wsss.structures import ScoreMaps, ScoreStore

TOOLS = Path(__file__).resolve().parents[2] / 'tools/benchmarks'


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module


def write_run(folder, score, label):
    maps = ScoreMaps(torch.tensor([0]), torch.full((1, 2, 2), score), (2, 2))
    ScoreStore(folder / 'cams/scores').write('a', maps)
    mask = np.array([[0, label], [1, 1]], np.uint8)
    write_mask(folder / 'pseudo_labels/masks/a.png', mask)
    return folder


def test_file_differences_are_counted(module, tmp_path):
    differences = module('stages').file_differences
    one, two = write_run(tmp_path / 'one', 0.5, 0), write_run(tmp_path / 'two', 0.75, 1)
    assert list(differences(one, one).values()) == [0, 0, 0]
    assert list(differences(one, two).values()) == [0.25, 0.25, 1]


@pytest.mark.skipif(not Path('/proc/self/smaps_rollup').is_file(), reason='needs /proc of Linux')
def test_peak_counts_children_and_shared_pages_once(module):
    peak = module('memory').peak
    hold = 'import time, os; x = b"1" * {size}; {more}; time.sleep(0.5)'
    base = peak([sys.executable, '-c', hold.format(size=1, more='pass')], 1)[0]
    forked = hold.format(size=100 << 20, more='os.fork()')
    assert peak([sys.executable, '-c', forked], 1)[0] - base == pytest.approx(100, abs=5)
    own = hold.format(size=1, more=f'os.fork(); y = b"2" * {50 << 20}')
    assert peak([sys.executable, '-c', own], 1)[0] - base == pytest.approx(100, abs=5)


def test_a_command_that_fails_is_not_measured(module):
    with pytest.raises(SystemExit, match='no such thing'):
        module('memory').peak([sys.executable, '-c', 'raise ValueError("no such thing")'], 1)


@pytest.mark.slow
def test_configs_are_runnable_and_weights_respond(module, tmp_path, capsys):
    args = argparse.Namespace(
        few=2, many=3, images=2, size=(48, 48), workers=0, threads=1, default_malloc=False
    )
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    configs = module('memory').make_configs(args, tmp_path / 'a')
    runs = module('scaling').Runs(args, tmp_path / 'b')
    for config in (configs[2], runs.config):
        reuse = ['--reuse', f'classifier={config.parent / "classifier"}']
        assert train_main([str(config), '--dry-run', '--work-dir', str(tmp_path), *reuse]) == 0
        rows = capsys.readouterr().out.splitlines()[-3:]
        assert [row.split()[1] for row in rows] == ['done', 'to', 'to']
    weights = torch.load(runs.config.parent / 'classifier/weights.pth', weights_only=True)
    # activations of the last layer neither vanish nor explode: its norm has seen them
    assert 0 < float(weights['backbone.conv2.bn.running_var'].mean()) != 1


@pytest.mark.slow
def test_the_training_loop_gives_the_weights_of_the_plain_one():
    command = [sys.executable, str(TOOLS / 'train_loop.py'), '--json', '--rounds', '1']
    command += ['--images', '8', '--batch', '4', '--workers', '0', '--size', '48', '48']
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert figures['max_abs_diff_weights_same_layout'] < 1e-6
    assert figures['max_abs_diff_weights'] < 1e-3
    assert figures['ratio_plain_over_stage'] > 0
