# SPDX-License-Identifier: Apache-2.0
"""The tutorial's own CAM, exactly as printed, through the whole pipeline from a user config."""

import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / 'docs/en/tutorials/custom_cam.md'


def blocks() -> dict[str, str]:
    found = re.findall(r'```python\n# my_project/(\w+\.py)\n(.*?)```', PAGE.read_text(), re.S)
    return dict(found)


def test_the_page_runs_as_written(tiny, monkeypatch):
    project = tiny.folder / 'my_project'
    project.mkdir()
    for name, text in blocks().items():
        # the page builds on the pets config, which needs photographs; here the generated ones
        text = text.replace('<wsss>/configs/cam/pets_light.py', str(tiny.config))
        text = text.replace('backbone.layer7', 'backbone.stages.2')
        (project / name).write_text(text)
    monkeypatch.syspath_prepend(str(project))
    try:
        assert tiny.train(config=project / 'pets_layer_cam.py') == 0
    finally:
        sys.modules.pop('layer_cam', None)
    stages = tiny.summary()
    assert list(stages)[-1] == 'segmentor'
    assert stages['cams']['metrics']['maps/images'] == 24
    config = (tiny.folder / 'run/cams/record.json').read_text()
    assert '"model.cam.type": "LayerCAM"' in config
