# SPDX-License-Identifier: Apache-2.0
"""Figures of superpixels over people, images and ranks."""

import pytest
import torch
from mmengine.structures import PixelData

from wsss.errors import ConfigError, DataError, StageError
from wsss.evaluation import SuperpixelMetric, superpixel_metric
from wsss.structures import WSSSDataSample

REGIONS = [[0, 0, 0, 900, 900, 900]] * 2  # any numbers
LEFT, SAME = [[5, 5, 7, 7, 7, 7]] * 2, [[1, 1, 1, 2, 2, 2]] * 2


def make_sample(regions, *people):
    sample = WSSSDataSample(metainfo=dict(image_id='a'))
    sample.pred_regions = PixelData(data=torch.tensor([regions], dtype=torch.int32))
    sample.human_regions = PixelData(data=torch.tensor(people, dtype=torch.int32))
    return sample


def test_figures_are_means_over_people_and_then_over_images():
    metric = SuperpixelMetric(tolerance=0.0)
    metric.process(None, [make_sample(REGIONS, LEFT, SAME).to_dict()])
    metric.process(None, [make_sample(SAME, SAME)])
    assert metric.evaluate(2) == pytest.approx(
        dict(
            ASA=100 * ((10 / 12 + 1) / 2 + 1) / 2,
            UE=100 * (4 / 12 + 0) / 2 / 2,
            BR=100 * ((0.5 + 1) / 2 + 1) / 2,
            BP=100 * ((0.5 + 1) / 2 + 1) / 2,
            regions=2,
        )
    )
    with pytest.raises(StageError, match='zero images'):
        metric.evaluate(2)


def test_the_tolerance_moves_boundaries():
    metric = SuperpixelMetric(tolerance=0.1, prefix='near')  # 0.63 pixels, rounded up
    metric.process(None, [make_sample(REGIONS, LEFT)])
    found = metric.evaluate(1)
    assert found['near/BR'] == found['near/BP'] == 100


def test_sums_of_ranks_are_added(monkeypatch):
    metric = SuperpixelMetric()
    metric.process(None, [make_sample(REGIONS, LEFT)])
    other = torch.tensor([1, 0, 1, 1, 8, 1], dtype=torch.float64)
    monkeypatch.setattr(superpixel_metric.dist, 'all_reduce', lambda sums: sums.add_(other))
    found = metric.evaluate(2)
    assert found['ASA'] == pytest.approx(100 * (10 / 12 + 1) / 2) and found['regions'] == 5


def test_what_is_wrong_is_named():
    with pytest.raises(ConfigError, match=r'SuperpixelMetric\.tolerance'):
        SuperpixelMetric(tolerance=-1)
    metric = SuperpixelMetric()
    with pytest.raises(DataError, match="'a' has no pred_regions.*wsss.MakeRegions"):
        metric.process(None, [dict(image_id='a')])
    with pytest.raises(DataError, match="'a': regions .*do not fit"):
        metric.process(None, [make_sample(REGIONS, [[1]])])
