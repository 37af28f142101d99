# SPDX-License-Identifier: Apache-2.0
"""The benchmark of sub-classes and teachers trains with each way and subtracts its own layers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/benchmarks/sub_categories_step.py'


@pytest.mark.slow
def test_every_way_is_compared_with_the_plain_step():
    sizes = ['--images', '2', '--side', '64', '--rounds', '1']
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--json', *sizes]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found['step_plain_ms'] > 0
    ways = ['sub-classes', 'sub-classes, soft_subclass', 'logit', 'feature', 'relation']
    assert [key for key in found if key.startswith('excess_percent_')] == [
        f'excess_percent_{kind}_{way}' for way in ways for kind in ('step', 'part')
    ]
