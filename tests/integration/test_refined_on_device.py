# SPDX-License-Identifier: Apache-2.0
"""Refining in the model of the stage against refining in the workers of its loader."""

from pathlib import Path

import numpy as np
import pytest
import torch

from wsss.datasets import Shapes
from wsss.structures import ScoreMaps, ScoreStore

ROOT = Path(__file__).resolve().parents[2]
SPLITS = {'refined': 'train', 'refined_test': 'test'}
SETTINGS = dict(num_images=6, image_size=(48, 64))
CONFIG = """
_base_ = [
    '{root}/configs/_base_/default_runtime.py', '{root}/configs/_base_/stages/{fragment}.py'
]
pipeline = ['refined', 'refined_test']
_shapes = dict(type='wsss.Shapes', data_root='{folder}/data', **{settings})
data = dict(
    num_classes=5, num_labels=6,
    train=dict(split='train', **_shapes), test=dict(split='test', **_shapes),
)
refined_from = '{folder}/train'
refined_from_test = '{folder}/test'
refiners = [
    dict(type='wsss.PAMR', iterations=2), dict(type='wsss.DenseCRF', bg_power=2),
    dict(type='wsss.SuperpixelVote'),
]
"""


def write_maps(folder):
    rng = np.random.default_rng(0)
    for split in SPLITS.values():
        dataset = Shapes(split=split, data_root=str(folder / 'data'), **SETTINGS)
        for info in map(dataset.get_data_info, range(len(dataset))):
            keys = torch.tensor(sorted(info['gt_label']))
            scores = torch.from_numpy(rng.random((len(keys), 6, 8), dtype=np.float32))
            ScoreStore(folder / split).write(info['image_id'], ScoreMaps(keys, scores, (48, 64)))


def refined(tiny, fragment):
    """Run the stages of a fragment and return the maps that they write."""
    config = tiny.folder / f'{fragment}.py'
    config.write_text(
        CONFIG.format(root=ROOT, folder=tiny.folder, fragment=fragment, settings=SETTINGS)
    )
    assert tiny.train(config=config, work_dir=fragment) == 0
    return {
        path: ScoreStore((tiny.folder / fragment / path).parent).read(Path(path).stem)
        for path in tiny.files('*/scores/*.npz', work_dir=fragment)
    }


@pytest.mark.slow
def test_both_write_the_same_scores(tiny):
    write_maps(tiny.folder)
    expected, found = refined(tiny, 'refined'), refined(tiny, 'refined_on_device')
    assert len(expected) == len(SPLITS) * 6 and found.keys() == expected.keys()
    for path, maps in found.items():
        assert torch.equal(maps.keys, expected[path].keys)
        torch.testing.assert_close(maps.planes(), expected[path].planes(), rtol=0, atol=1e-3)
