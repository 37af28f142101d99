# SPDX-License-Identifier: Apache-2.0
"""The tutorial's own refiner, exactly as printed, in a chain from a user config."""

import json
import re
import sys
from pathlib import Path

import pytest

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/tutorials/custom_refiner.md'


def blocks() -> dict[str, str]:
    found = re.findall(r'```python\n# my_project/(\w+\.py)\n(.*?)```', PAGE.read_text(), re.S)
    return dict(found)


@pytest.mark.slow
def test_the_page_runs_as_written(tiny, monkeypatch):
    project = tiny.folder / 'my_project'
    project.mkdir()
    for name, text in blocks().items():
        # the page builds on the pets config, which needs photographs; here the generated ones
        text = text.replace('<wsss>/configs/cam/pets_light.py', str(tiny.config))
        (project / name).write_text(text.replace('<wsss>', str(ROOT)))
    monkeypatch.syspath_prepend(str(project))
    try:
        config = project / 'pets_diffusion.py'
        assert tiny.train('--until', 'pseudo_labels', config=config) == 0
    finally:
        sys.modules.pop('diffusion', None)
    stages = tiny.summary()
    assert list(stages) == ['classifier', 'cams', 'refined', 'pseudo_labels']
    assert stages['refined']['metrics']['maps/images'] == 24
    record = json.loads((tiny.folder / 'run/refined/record.json').read_text())
    assert '"Diffusion"' in json.dumps(record)
    image_id = Path(next(iter(tiny.files('refined/scores/*.npz')))).stem
    raw, refined = (
        ScoreStore(tiny.folder / 'run' / stage / 'scores').read(image_id)
        for stage in ('cams', 'refined')
    )
    assert refined.keys.tolist() == raw.keys.tolist() and refined.scores.shape[1:] == (48, 48)
