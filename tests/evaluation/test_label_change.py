# SPDX-License-Identifier: Apache-2.0
"""How far labels have moved, by hand."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from wsss.errors import ConfigError, DataError
from wsss.evaluation import LabelChange, label_change
from wsss.fileio import write_mask
from wsss.structures import WSSSDataSample


def sample(rows, name='a'):
    made = WSSSDataSample(metainfo=dict(image_id=name))
    made.pred_sem_seg = PixelData(data=torch.tensor([rows], dtype=torch.uint8))
    return made.to_dict()


@pytest.fixture
def folder(tmp_path):
    write_mask(tmp_path / 'a.png', np.array([[0, 1, 2, 255]], np.uint8))
    write_mask(tmp_path / 'b.png', np.array([[1, 1]], np.uint8))
    return tmp_path


def test_figures_by_hand(folder):
    metric = LabelChange(str(folder))
    metric.process(None, [sample([[1, 1, 255, 0]]), sample([[1, 1]], 'b')])
    found = metric.evaluate(2)
    # labelled both times: two pixels of a, two of b; one changed
    assert found == pytest.approx(
        dict(changed=25, foreground=80, foreground_before=80, labelled=100 * 5 / 6)
    )
    assert metric.evaluate(0) == {}


def test_sums_of_ranks_are_added(folder, monkeypatch):
    metric = LabelChange(str(folder), prefix='first')
    metric.process(None, [sample([[0, 1]], 'b')])
    monkeypatch.setattr(label_change.dist, 'all_reduce', lambda counts: counts.mul_(2))
    assert metric.evaluate(2) == {
        'first/changed': 50, 'first/foreground': 50, 'first/foreground_before': 100,
        'first/labelled': 100,
    }  # fmt: skip


def test_what_is_wrong_is_named(folder):
    with pytest.raises(ConfigError, match='LabelChange.folder'):
        LabelChange(None)
    metric = LabelChange(str(folder))
    with pytest.raises(DataError, match='c.png.*does not exist'):
        metric.process(None, [sample([[0]], 'c')])
    with pytest.raises(DataError, match="'a' has no pred_sem_seg"):
        metric.process(None, [dict(image_id='a')])
