# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of refiners show equal results and print one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools/benchmarks'


def figures(name, *arguments):
    command = [sys.executable, '-W', 'ignore', str(TOOLS / f'{name}.py'), '--json', '--rounds', '1']
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    return json.loads(line)


@pytest.mark.slow
@pytest.mark.parametrize(
    'name, arguments, limit',
    [
        ('walk', ['--height', '96', '--width', '120'], 1e-5),
        ('affinity_train', ['--batch', '1'], 1e-5),
        ('vote', ['--count', '1'], 1e-6),
        ('refined_stage', ['--images', '4'], 0),
    ],
)
def test_results_are_equal(name, arguments, limit):
    found = figures(name, *arguments)
    assert found['benchmark'] == name and any(key.startswith('ratio') for key in found)
    differences = [v for k, v in found.items() if k.startswith('max_abs_diff')]
    assert differences and max(differences) <= limit
