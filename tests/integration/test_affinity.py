# SPDX-License-Identifier: Apache-2.0
"""A chain whose maps walk along learnt affinities, and are refined after that."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
WALKED = """
_base_ = [
    './tiny.py', '{root}/configs/_base_/stages/affinity.py',
    '{root}/configs/_base_/stages/refined.py',
]
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'refined', 'pseudo_labels',
]
affinity_model = dict(
    type='wsss.AffinityNet',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.5] * 3, std=[60.0] * 3, size=(48, 48), pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(type='wsss.PlainConvNet', channels=(8, 8, 16, 16), out_indices=(2, 3)),
    in_channels=(16, 16),
    channels=(8, 8),
    steps=16,
)
confident_labels = dict(refiners=[dict(type='wsss.DenseCRF', iterations=2)])
affinity_labels = dict(test_dataloader=dict(num_workers=1))
affinity = dict(
    train_dataloader=dict(
        batch_size=6,
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='wsss.LoadMask'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
    train_cfg=dict(max_epochs=2),
)
walked = dict(test_dataloader=dict(batch_size=5))
refiners = [dict(type='wsss.PAMR', iterations=2)]
refined_from = '@walked/scores'
label_scores = '@refined/scores'
"""


@pytest.fixture
def walking(tiny):
    tiny.config.with_name('walked.py').write_text(WALKED.format(root=ROOT))
    return tiny


@pytest.mark.slow
def test_maps_walk_and_the_walk_is_the_same_on_two_ranks(walking):
    config = walking.folder / 'walked.py'
    assert walking.train(config=config) == 0
    masks = walking.files('run/affinity_labels/masks/*', '.')
    assert len(masks) == 24
    values = {v for name in masks for v in np.unique(Image.open(walking.folder / name)).tolist()}
    assert 255 in values and values - {255} <= set(range(6))
    walked, refined = (
        ScoreStore(walking.folder / f'run/{s}/scores') for s in ('walked', 'refined')
    )
    name = Path(next(iter(masks))).stem
    before, after = walked.read(name), refined.read(name)
    total = before.scores.sum(0) + before.background
    assert float((total - 1).abs().max()) < 2e-3  # stored in half precision
    assert after.keys.tolist() == before.keys.tolist() and after.background is not None
    walking.config = config
    run = walking.folder / 'run'
    reuse = [f'{stage}={run / stage}' for stage in ('classifier', 'cams', 'affinity')]
    done = walking.launch(2, '--until', 'walked', '--reuse', *reuse, work_dir='two')
    assert done.returncode == 0, done.stderr[-3000:]
    for pattern in ('affinity_labels/masks/*', 'walked/scores/*'):
        assert walking.files(pattern, 'two') == walking.files(pattern)


def test_the_chain_is_known_before_it_runs(walking, capsys):
    config = walking.folder / 'walked.py'
    assert walking.train('--dry-run', config=config) == 0
    assert capsys.readouterr().out.count('to run') == 7
