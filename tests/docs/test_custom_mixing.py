# SPDX-License-Identifier: Apache-2.0
"""The code of the page about mixing of one's own is taken from it as it stands."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from wsss.registry import BATCH_AUGMENTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs/en/tutorials/custom_mixing.md'
BLOCKS = dict(re.findall(r'```python\n# my_project/(\S+)\n(.*?)```', PAGE.read_text(), re.S))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write the page's files and forget what they register."""
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    BATCH_AUGMENTS.import_from_location()
    importlib.invalidate_caches()
    yield tmp_path
    BATCH_AUGMENTS.module_dict.pop('BoxMix', None)
    for name in BLOCKS:
        sys.modules.pop(Path(name).stem, None)


def test_the_page_names_its_files():
    assert sorted(BLOCKS) == ['box_mix.py', 'box_mix_voc.py', 'test_box_mix.py']


def test_its_tests_pass(project):
    tests = importlib.import_module('test_box_mix')
    found = [test for name, test in vars(tests).items() if name.startswith('test_')]
    assert len(found) == 2
    for test in found:
        test()


def test_its_config_builds(project, capsys, monkeypatch):
    from wsss.engine.cli import train_main

    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    config = project / 'box_mix_voc.py'
    config.write_text(config.read_text().replace('<wsss>', str(ROOT)))
    assert train_main([str(config), '--dry-run', '--work-dir', str(project / 'run')]) == 0
    assert 'segmentor' in capsys.readouterr().out
