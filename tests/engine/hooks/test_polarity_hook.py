# SPDX-License-Identifier: Apache-2.0
"""One sign for each model of class-agnostic maps."""

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from wsss.engine.hooks import PolarityHook
from wsss.engine.notes import read_notes
from wsss.errors import ConfigError
from wsss.structures import ScoreMaps, WSSSDataSample

BLOB = torch.zeros(8, 8)
BLOB[2:6, 2:6] = 1


class Member(nn.Module):
    """Takes the first channel of an image for its logits."""

    def forward(self, images):
        return images[:, :1] * 8 - 4, None


class Model(nn.Module):
    def __init__(self, groups=1):
        super().__init__()
        self.members = nn.ModuleList(Member() for _ in range(groups))
        self.register_buffer('signs', torch.ones(groups))

    def group_of(self, classes):
        return int(classes[0]) if len(self.members) > 1 else 0

    def normalize_views(self, views):
        return views.float()


class Runner:
    def __init__(self, model, items):
        self.model, self.items = model, items

    def build_dataloader(self, config):
        assert config['sampler'] == dict(type='DefaultSampler', shuffle=False, round_up=False)
        inputs, samples = zip(*self.items)
        return [dict(inputs=list(inputs), data_samples=list(samples))]


def decide(hook, model, items):
    runner = Runner(model, items)
    hook.before_train(runner)
    hook.after_train(runner)


def item(picture, label=0, scores=None):
    sample = WSSSDataSample(gt_label=torch.tensor([label]))
    if scores is not None:
        sample.score_maps = ScoreMaps(torch.tensor([label]), scores[None], size=(8, 8))
    return [picture.expand(3, 8, 8)], sample


@pytest.fixture(autouse=True)
def hub():
    MessageHub.get_instance('polarity').runtime_info.pop('wsss_notes', None)


@pytest.mark.parametrize('mode', ['border', 'center', 'classcam'])
def test_maps_are_turned_where_the_object_is_the_dark_side(mode):
    scores = BLOB if mode == 'classcam' else None
    hook = PolarityHook(dataset={}, mode=mode)
    for picture, sign in ((BLOB, 1), (1 - BLOB, -1)):
        model = Model()
        decide(hook, model, [item(picture, scores=scores)])
        assert model.signs.tolist() == [sign]
    assert read_notes()['polarity'] == mode


def test_the_data_set_decides_not_the_image():
    model = Model()
    decide(PolarityHook(dataset={}), model, [item(BLOB), item(BLOB), item(1 - BLOB)])
    assert model.signs.tolist() == [1]


def test_each_group_has_its_sign_and_one_without_images_stays():
    model = Model(groups=3)
    decide(PolarityHook(dataset={}), model, [item(BLOB, 0), item(1 - BLOB, 2)])
    assert model.signs.tolist() == [1, 1, -1]


def test_class_maps_find_objects_that_touch_the_frame():
    large = torch.ones(8, 8)
    large[2:4, 2:4] = 0
    for mode, sign in (('border', -1), ('classcam', 1)):
        model = Model()
        decide(PolarityHook(dataset={}, mode=mode), model, [item(large, scores=large)])
        assert model.signs.tolist() == [sign]


def test_what_is_wrong_is_named_before_the_training():
    with pytest.raises(ConfigError, match='LoadScores'):
        PolarityHook(dataset={}, mode='classcam').before_train(Runner(Model(), [item(BLOB)]))
    with pytest.raises(ConfigError, match='Linear has none'):
        PolarityHook(dataset={}).before_train(Runner(nn.Linear(1, 1), []))
    with pytest.raises(ConfigError, match="Did you mean 'border'"):
        PolarityHook(dataset={}, mode='boarder')
