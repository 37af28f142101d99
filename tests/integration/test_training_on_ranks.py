# SPDX-License-Identifier: Apache-2.0
"""Classifiers that mix, explore sub-classes and are taught, trained by two processes."""

import math
import os
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow
CONFIG = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/sub_categories.py',
          '{root}/configs/_base_/models/mixing.py']
custom_imports = dict(imports=['record_draws'])
pipeline = ['classifier', 'features1', 'sub_categories1', 'classifier1']
mixing = [
    dict(type='Mixup', alpha=1.0), dict(type='wsss.FMix', per_sample=True),
    dict(type='wsss.ManifoldMixup', stages=['input', 'stages.1', 'stages.2']),
]
classifier_model = dict(data_preprocessor=dict(_ref_='@mixed'), map_losses='@map_losses')
classifier = dict(train_cfg=dict(max_epochs=3, val_interval=3),
                  custom_hooks=[dict(type='wsss.RecordDraws')])
features1 = dict(model=dict(output='logits'))
clusterer = dict(k=2)
sub_category_soft = True
sub_category_head = dict(distill=[
    dict(type='wsss.DistillLoss', kind='soft_subclass', temperature=2.0),
    dict(type='wsss.DistillLoss', kind='logit'),
    dict(type='wsss.DistillLoss', kind='feature', projection=(16, '@data/num_classes')),
    dict(type='wsss.DistillLoss', kind='relation'),
])
round_classifier = dict(custom_hooks=[dict(type='wsss.RecordDraws')])
_meta_keys = ('image_id', 'img_path', 'ori_shape', 'held_out')
classifier1 = dict(train_dataloader=dict(dataset=dict(pipeline=[
    dict(type='wsss.LoadSubCategories', table='@sub_categories1/sub_categories.json'),
    dict(type='wsss.LoadFeatures', folder='@features1/features'),
    dict(type='wsss.LoadImage'),
    dict(type='PackInputs', meta_keys=_meta_keys, algorithm_keys=('teacher',)),
])))
"""
STAGES = ('classifier', 'classifier1')


@pytest.fixture(scope='module')
def ranks(tmp_path_factory, tiny_class):
    """What both ranks recorded of each training, made by one launch."""
    from .conftest import ROOT

    made = tiny_class(tmp_path_factory.mktemp('ranks'))
    made.config = made.folder / 'ranks.py'
    made.config.write_text(CONFIG.format(root=ROOT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', str(Path(__file__).parent), prepend=os.pathsep)
        done = made.launch(2)
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        stage: [torch.load(made.folder / f'run/{stage}/rank{i}.pth') for i in range(2)]
        for stage in STAGES
    }


@pytest.mark.parametrize('stage', STAGES)
def test_both_ranks_end_with_the_same_weights(ranks, stage):
    one, two = (found['weights'] for found in ranks[stage])
    assert any('sub_fc' in name for name in one) is (stage == 'classifier1')
    for name, values in one.items():
        assert values.isfinite().all() and values.equal(two[name]), name


@pytest.mark.parametrize('stage', STAGES)
def test_ranks_draw_partners_shares_and_places_of_their_own(ranks, stage):
    one, two = (found['draws'] for found in ranks[stage])
    assert len(one) == len(two) == 12  # 24 images in batches of 6, three epochs
    assert not any(mine.equal(theirs) for (*_, mine), (*_, theirs) in zip(one, two))
    # of each step: which augment, and for ManifoldMixup which stage of the backbone mixes
    assert [draw[:2] for draw in one] != [draw[:2] for draw in two]


def test_every_way_of_mixing_has_been_used(ranks):
    used = {draw[0] for stage in STAGES for found in ranks[stage] for draw in found['draws']}
    assert used == {'Mixup', 'FMix', 'ManifoldMixup'}


@pytest.mark.parametrize(
    'stage, terms',
    [
        ('classifier', {'loss', 'loss_entropy', 'loss_concentration'}),
        (
            'classifier1',
            {'loss', 'loss_sub', 'loss_soft_subclass', 'loss_logit', 'loss_feature'}
            | {'loss_relation', 'loss_entropy', 'loss_concentration'},
        ),
    ],
)
def test_all_terms_are_numbers_on_both_ranks(ranks, stage, terms):
    for found in ranks[stage]:
        for losses in found['losses']:
            assert set(losses) == terms
            assert all(math.isfinite(value) for value in losses.values())


def test_a_backbone_that_freezes_itself_late_trains_on_two_ranks(tiny):
    """MobileNetV2 does so when it is told to train."""
    tiny.config = tiny.child(
        """
pipeline = ['classifier']
_norm = dict(type='BN', requires_grad=False)
classifier_model = dict(
    backbone=dict(
        _delete_=True, type='MobileNetV2', widen_factor=0.1, frozen_stages=5, norm_cfg=_norm
    ),
    head=dict(in_channels=1280),
)
classifier = dict(train_cfg=dict(max_epochs=1))
"""
    )
    done = tiny.launch(2)
    assert done.returncode == 0, done.stderr[-3000:]
