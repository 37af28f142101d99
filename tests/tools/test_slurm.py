# SPDX-License-Identifier: Apache-2.0
"""The Slurm scripts hand the right arguments to srun."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def call(tmp_path):
    """Run a script with an srun that prints its arguments, one in a line."""
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)

    def run(script, *arguments, **variables):
        path = f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'
        return subprocess.run(
            [str(TOOLS / script), *arguments],
            env={**os.environ, 'PATH': path, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize('name', ['train', 'test'])
def test_size_and_arguments_reach_srun(call, name):
    done = call(
        f'slurm_{name}.sh', 'part', 'job', 'c.py', '--stage', 'cams', GPUS='16', PYTHON='py'
    )
    given = done.stdout.splitlines()
    assert done.returncode == 0
    assert given[:2] == ['-p', 'part']
    assert {'--job-name=job', '--ntasks=16', '--ntasks-per-node=8', '--gres=gpu:8'} <= set(given)
    tool = str(TOOLS / f'{name}.py')
    assert given[-7:] == ['-u', tool, 'c.py', '--launcher', 'slurm', '--stage', 'cams']


def test_missing_arguments_are_said(call):
    done = call('slurm_train.sh', 'part')
    assert done.returncode == 2
    assert 'slurm_train.sh PARTITION JOB_NAME CONFIG' in done.stderr
