# SPDX-License-Identifier: Apache-2.0
"""A segmentor's predictions as score maps."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from wsss.errors import ConfigError
from wsss.models import SegmentorScores


class Network(nn.Module):
    def test_step(self, data):
        return data


def views(*logits, **metainfo):
    known = dict(image_id='a', gt_label=[1], class_to_label=(1, 2), held_out=True)
    known.update(metainfo)
    samples = [SegDataSample(metainfo=known) for _ in logits]
    for sample, each in zip(samples, logits):
        sample.seg_logits = PixelData(data=each)
    return samples


def constant(*probabilities):
    return torch.tensor(probabilities).log()[:, None, None].expand(-1, 6, 9)


def test_views_are_averaged_and_absent_classes_ruled_out():
    model = SegmentorScores(module=Network())
    pair = views(constant(0.4, 0.5, 0.1), constant(0.2, 0.3, 0.5))
    (sample,) = model.merge_preds([pair])
    maps = sample.score_maps
    assert maps.keys.tolist() == [1] and maps.size == (6, 9) and maps.scores.shape == (1, 2, 3)
    # means 0.3, 0.4, 0.3; class 0 is not there
    torch.testing.assert_close(maps.scores, torch.full((1, 2, 3), 0.5))
    torch.testing.assert_close(maps.background, torch.full((2, 3), 0.5))
    assert sample.image_id == 'a' and sample.held_out and sample.gt_label.tolist() == [1]


def test_all_labels_are_kept_if_so_asked():
    model = SegmentorScores(module=Network(), restrict=False, stride=1)
    maps = model.merge_preds([views(constant(0.2, 0.3, 0.5))])[0].score_maps
    assert maps.keys.tolist() == [0, 1] and maps.scores.shape == (2, 6, 9)
    torch.testing.assert_close(maps.planes()[:, 0, 0], torch.tensor([0.2, 0.3, 0.5]))


def test_cells_are_means_of_their_pixels():
    logits = torch.zeros(2, 8, 8)
    logits[1, :, :2] = 40.0
    model = SegmentorScores(module=Network())
    maps = model.merge_preds([views(logits, gt_label=[0], class_to_label=(1,))])[0].score_maps
    torch.testing.assert_close(maps.scores[0], torch.tensor([[0.75, 0.5]]).expand(2, 2))


def test_what_is_missing_or_does_not_fit_is_named():
    model = SegmentorScores(module=Network())
    bare = [SegDataSample(metainfo=dict(image_id='a'))]
    with pytest.raises(ConfigError, match='no gt_label, class_to_label.*meta_keys'):
        model.merge_preds([bare])
    with pytest.raises(ConfigError, match='labels up to 4, the network predicts 3'):
        model.merge_preds([views(constant(0.2, 0.3, 0.5), class_to_label=(1, 4))])
    for bad in (dict(stride=0), dict(restrict=1)):
        with pytest.raises(ConfigError, match='tta_model.'):
            SegmentorScores(module=Network(), **bad)
