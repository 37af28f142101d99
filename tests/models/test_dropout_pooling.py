# SPDX-License-Identifier: Apache-2.0
"""Average pooling with drop-out."""

import pytest
import torch

from wsss.cams import CAM
from wsss.errors import ConfigError
from wsss.models import CAMClassifier
from wsss.models.necks import DropoutPooling


def test_channels_are_left_out_in_training_alone():
    torch.manual_seed(0)
    neck, maps = DropoutPooling(dropout=0.25), torch.ones(4, 1000, 3, 5)
    kept = neck((maps,))[0]
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((kept == 0).float().mean()) == pytest.approx(0.25, abs=0.03)
    neck.eval()
    assert torch.equal(neck(maps), torch.ones(4, 1000))


def test_maps_are_those_of_plain_pooling():
    def make(neck):
        torch.manual_seed(0)
        backbone = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)
        head = dict(type='mmpretrain.LinearClsHead', num_classes=3, in_channels=64)
        model = CAMClassifier(backbone=backbone, neck=neck, head=head)
        model.eval()
        return model

    images, classes = torch.rand(2, 3, 64, 64), [torch.tensor([0, 2]), torch.tensor([1])]
    ours = CAM()(make(dict(type='wsss.DropoutPooling')), images, classes)
    plain = CAM()(make(dict(type='mmpretrain.GlobalAveragePooling')), images, classes)
    for one, two in zip(ours, plain):
        assert torch.equal(one.scores, two.scores)


def test_a_share_of_one_is_refused():
    with pytest.raises(ConfigError, match=r'DropoutPooling\.dropout'):
        DropoutPooling(dropout=1.0)
