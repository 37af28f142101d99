# SPDX-License-Identifier: Apache-2.0
"""The benchmark of mixing compares equal masks and prints the statistics of both ways."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools/benchmarks/mixing.py'


@pytest.mark.slow
def test_masks_are_equal_and_statistics_agree():
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--json', '--rounds', '1']
    done = subprocess.run(
        [*command, '--masks', '2', '--masks-only'], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found['max_abs_diff_224'] == found['max_abs_diff_512'] == 0
    assert found['mean_of_masks'] == pytest.approx(found['mean_share'], abs=1e-3)
    for axis in ('across', 'along'):
        for k in range(4):
            theirs = found[f'energy_published_{axis}_{k}']
            assert found[f'energy_legacy_{axis}_{k}'] == pytest.approx(theirs, rel=0.3, abs=0.01)
