# SPDX-License-Identifier: Apache-2.0
"""The tutorial's own mixing, exactly as printed, in a chain from a user config."""

import json
import re
import sys
from pathlib import Path

import pytest

from wsss.registry import BATCH_AUGMENTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/tutorials/custom_mixing.md'


@pytest.mark.slow
def test_the_page_runs_as_written(tiny, monkeypatch):
    project = tiny.folder / 'my_project'
    project.mkdir()
    blocks = re.findall(r'```python\n# my_project/(\w+\.py)\n(.*?)```', PAGE.read_text(), re.S)
    for name, text in blocks:
        # the page builds on the VOC config, which needs photographs; here the generated ones
        text = text.replace('<wsss>/configs/cam/voc_light.py', str(tiny.config))
        (project / name).write_text(text.replace('<wsss>', str(ROOT)))
    monkeypatch.syspath_prepend(str(project))
    try:
        assert tiny.train('--until', 'cams', config=project / 'box_mix_voc.py') == 0
    finally:
        sys.modules.pop('box_mix', None)
        BATCH_AUGMENTS.module_dict.pop('BoxMix', None)
    assert list(tiny.summary()) == ['classifier', 'cams']
    record = json.loads((tiny.folder / 'run/classifier/record.json').read_text())
    assert '"wsss.BoxMix"' in json.dumps(record)
    scalars = next((tiny.folder / 'run/classifier').rglob('scalars.json')).read_text()
    assert 'loss_entropy' in scalars
