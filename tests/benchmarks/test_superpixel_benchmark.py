# SPDX-License-Identifier: Apache-2.0
"""The benchmark of superpixels compares equal results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/benchmarks/superpixel.py'


@pytest.mark.slow
@pytest.mark.skipif(not Path('/proc/self/clear_refs').is_file(), reason='needs /proc of Linux')
def test_results_are_equal():
    sizes = ['--rounds', '1', '--size', '48', '--cell', '8', '--channels', '3']
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--json', *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    for name in ('pool', 'unpool', 'affinity', 'gradients', 'walk'):
        assert found[f'max_abs_diff_{name}'] < 1e-5
        assert found[f'ratio_{name}'] > 0 and found[f'memory_ratio_{name}'] >= 0
