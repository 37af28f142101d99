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
from wsss.registry import REFINERS
from wsss.structures import ScoreMaps, WSSSDataSample


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


def batch(image, *, flip=False, image_id='a'):
    """Two views of one image, the second mirrored; logits of the right half are an object's."""
    height, width = image.shape[-2:]
    first, second = views(0.5, 0.5, image_id=image_id)
    logits = torch.zeros(2, height, width)
    logits[1] = -2.0
    logits[1, :, width // 2 :] = 2.0
    first.seg_logits = PixelData(data=logits)
    second.seg_logits = PixelData(data=logits)
    first.set_metainfo(dict(flip=flip))
    return dict(inputs=[[image], [image.flip(-1)]], data_samples=[[first], [second]])


class Logits(Network):
    def test_step(self, data):
        return data['data_samples']


def halves(border, *, height=24, width=32):
    """A dark image, bright from column ``border`` on."""
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    image[:, :, border:] = 255
    return image


def test_refiners_bring_outlines_to_those_of_the_image():
    image = halves(18)  # the network has the outline at 16
    crf = dict(type='wsss.DenseCRF', preset='deeplab', engine='lattice', bilateral_sxy=10)
    (soft,) = SegmentorSaliency(module=Logits()).test_step(batch(image))
    (sharp,) = SegmentorSaliency(crf, module=Logits()).test_step(batch(image))
    assert (soft.saliency[:, 16:] > 0.8).all()
    assert torch.equal(sharp.saliency > 0.5, torch.arange(32).expand(24, 32) >= 18)
    assert sharp.saliency.shape == image.shape[-2:] and sharp.image_id == 'a'
    maps = ScoreMaps(torch.tensor([0]), soft.saliency[None], (24, 32), 1 - soft.saliency)
    own = REFINERS.build(crf).refine(image.permute(1, 2, 0).contiguous().numpy(), maps)
    torch.testing.assert_close(sharp.saliency, own.scores[0])


def test_a_refiner_of_smaller_maps_leaves_the_size_of_the_image():
    crf = dict(type='wsss.DenseCRF', preset='deeplab', engine='lattice', scale_factor=0.5)
    (found,) = SegmentorSaliency([crf], module=Logits()).test_step(batch(halves(20)))
    assert found.saliency.shape == (24, 32)


def test_refiners_need_the_image_as_it_is():
    model = SegmentorSaliency(dict(type='wsss.DenseCRF', engine='lattice'), module=Logits())
    with pytest.raises(ConfigError, match='first view is mirrored'):
        model.test_step(batch(halves(20), flip=True))
    data = batch(halves(20))
    data['inputs'][0] = [halves(20, height=12)]
    with pytest.raises(ConfigError, match=r'resized: \(12, 32\), the image has \(24, 32\)'):
        model.test_step(data)
    with pytest.raises(ConfigError, match='tta_model.refiners'):
        SegmentorSaliency([], module=Logits())


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
