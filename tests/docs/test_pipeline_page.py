# SPDX-License-Identifier: Apache-2.0
"""The page about pipelines: the shown comparisons are commands of the tool."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / 'docs/en/user_guides/pipeline.md').read_text()
TOOL = 'tools/analysis_tools/compare_runs.py'
OPTIONS = re.findall(r'^\| `(--[^`]*)`', TEXT.split('## Comparing runs')[1].split('\n## ')[0], re.M)


@pytest.fixture
def parse():
    spec = importlib.util.spec_from_file_location('compare_runs_tool', ROOT / TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.parse_args


def test_shown_commands_are_understood(parse):
    commands = re.findall(rf'^python {TOOL} (.*)$', TEXT, re.M)
    first, second = [parse(shlex.split(command)) for command in commands]
    assert len(first.runs) == 2 and first.out == Path('compared')
    assert len(second.runs) == 3 and second.group_seeds


def test_every_option_is_shown_and_understood(parse):
    args = parse(['RUN', *(part for option in OPTIONS for part in shlex.split(option))])
    assert args.stage == ['pseudo_labels', 'segmentor'] and args.group_seeds
    assert args.metric == ['mIoU', 'IoU/*', 'M1/mIoU']
    assert len(OPTIONS) == 3
