# SPDX-License-Identifier: Apache-2.0
"""The benchmark of clustering compares equal sub-classes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/benchmarks/clustering.py'


@pytest.mark.slow
def test_sub_classes_are_equal():
    sizes = ['--images', '120', '--classes', '3', '--channels', '16']
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--json', *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found['max_abs_diff'] == 0 and found['ratio'] > 0
    assert found['conditions']['images'] == 120
