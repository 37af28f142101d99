# SPDX-License-Identifier: Apache-2.0
"""Saliency of a segmentor, from its logits to the file that the next stage reads."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from wsss.datasets.saliency_io import read_saliency
from wsss.datasets.transforms import MergeClasses
from wsss.engine.hooks import SaliencyWriter
from wsss.errors import ConfigError, DataError
from wsss.models import SegmentorSaliency
from wsss.structures import WSSSDataSample


class Network(nn.Module):
    def test_step(self, data):
        return data


def views(*background, **metainfo):
    found = []
    for value in background:
        sample = SegDataSample(metainfo=metainfo)
        shares = torch.tensor([value, 1 - value]).log()[:, None, None].expand(2, 4, 6)
        sample.seg_logits = PixelData(data=shares)
        found.append(sample)
    return found


def test_saliency_is_what_the_background_leaves_averaged_over_views():
    model = SegmentorSaliency(module=Network())
    first, second = model.merge_preds([views(0.2, 0.4, image_id='a'), views(0.9, image_id='b')])
    torch.testing.assert_close(first.saliency, torch.full((4, 6), 0.7))
    torch.testing.assert_close(second.saliency, torch.full((4, 6), 0.1))
    assert (first.image_id, second.image_id) == ('a', 'b')


def test_what_is_written_is_read_again(tmp_path):
    saliency = torch.rand(5, 7)
    sample = WSSSDataSample(metainfo=dict(image_id='a'))
    sample.saliency = saliency
    SaliencyWriter().after_test_iter(SimpleNamespace(work_dir=tmp_path), 0, None, [sample])
    found = read_saliency(tmp_path / 'saliency' / 'a.png', (5, 7))
    assert np.abs(found - saliency.numpy()).max() <= 0.5 / 255 + 1e-6


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match='image_id.*meta_keys'):
        SegmentorSaliency(module=Network()).merge_preds([views(0.5)])
    runner, sample = SimpleNamespace(work_dir=tmp_path), WSSSDataSample(metainfo=dict(image_id='a'))
    with pytest.raises(ConfigError, match='SegmentorSaliency'):
        SaliencyWriter().after_test_iter(runner, 0, None, [sample])
    outside = WSSSDataSample(metainfo=dict(image_id='../a'))
    outside.saliency = torch.rand(2, 2)
    with pytest.raises(DataError):
        SaliencyWriter().after_test_iter(runner, 0, None, [outside])


def test_classes_become_one_and_what_is_ignored_stays():
    mask = np.array([[0, 1, 20], [255, 0, 7]], np.uint8)
    found = MergeClasses()(dict(gt_seg_map=mask.copy()))['gt_seg_map']
    assert found.dtype == np.uint8 and found.tolist() == [[0, 1, 1], [255, 0, 1]]
    assert MergeClasses()({}) == {}
