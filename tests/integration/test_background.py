# SPDX-License-Identifier: Apache-2.0
"""A classifier trained with pictures of background, and maps completed by erasing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
_base_ = ['./tiny.py', '{root}/configs/_base_/datasets/background.py']
background = dict(data_root='{scenes}')
with_background = dict(extra_class={extra})
classifier_model = dict(head=dict(num_classes={classes}), extra_classes={classes} - 5)
classifier = dict(
    train_dataloader=dict(
        batch_size=8,
        dataset=dict(_ref_='@with_background'),
        sampler=dict(_ref_='@background_sampler', background_ratio=1 / 4),
    ),
    train_cfg=dict(max_epochs=2),
)
cams = dict(model=dict(cam=dict(_delete_=True, type='wsss.ECS', n_steps=2, p_min=0.1)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(('processes', 'extra'), [(1, True), (2, False)])
def test_it_trains_beside_background_and_explains_the_classes_alone(tiny, processes, extra):
    scenes = tiny.folder / 'scenes'
    scenes.mkdir()
    rng = np.random.default_rng(0)
    for i in range(7):
        image = rng.integers(0, 255, (48, 48, 3)).astype(np.uint8)
        Image.fromarray(image).save(scenes / f'{i}.png')
    text = CHILD.format(root=ROOT, scenes=scenes, extra=extra, classes=5 + extra)
    tiny.config = tiny.folder / 'background.py'
    tiny.config.write_text(text)
    run = tiny.launch(processes, '--until', 'cams')
    assert run.returncode == 0, run.stderr
    health = tiny.summary()['classifier']['health']
    assert ('background scenes' in health['without_images']) == extra
    store = ScoreStore(tiny.folder / 'run/cams/scores')
    ids = [path.stem for path in (tiny.folder / 'run/cams/scores').glob('*.npz')]
    assert len(ids) == 24 and not any('background' in name for name in ids)
    assert max(int(store.read(name).keys.max()) for name in ids) < 5
