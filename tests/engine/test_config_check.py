# SPDX-License-Identifier: Apache-2.0
"""Misspelt names are found before anything runs, and right ones are let through."""

import pytest

from wsss.engine.config_check import check_keys, check_overrides, check_types
from wsss.errors import ConfigError


def config(**changes):
    base = dict(
        pipeline=['one', 'two'],
        data=dict(),
        one=dict(run='train', model=dict()),
        two=dict(run='test', model='@one.model'),
    )
    return {**base, **changes}


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(pipeline=[]), 'pipeline is empty. Stages there are: one, two'),
        (dict(pipeline=['one', 'one']), 'names a stage twice'),
        (dict(pipeline=['one', 'tow']), "names the stage 'tow'.*two"),
        (dict(two=dict(run='eval')), "two.run must be 'train' or 'test', got 'eval'"),
        (dict(two=dict(run='test', modle=dict())), 'two.modle is not a key of a stage.*model'),
        (dict(custom_hook=dict()), "'custom_hook' is not used by anything.*custom_hooks"),
    ],
)
def test_a_bad_key_is_named(changes, words):
    changed = config(**changes)
    with pytest.raises(ConfigError, match=words):
        check_keys(changed, changed['pipeline'], 'x.py')


@pytest.mark.parametrize(
    'changes',
    [
        dict(),
        dict(_custom_hook=dict()),  # a variable
        dict(shared=dict(), three=dict(run='test', model='@shared/x')),
        dict(pipeline=['one']),  # a stage that is not run is fine
    ],
)
def test_good_keys_pass(changes):
    changed = config(**changes)
    check_keys(changed, changed['pipeline'], 'x.py')


def test_an_override_must_name_something():
    check_overrides(config(), {'one.model.x': 1, 'data_root': 'd', 'log_level': 'INFO'}, ['one'])
    with pytest.raises(ConfigError, match="there is no 'oen'.*one"):
        check_overrides(config(), {'oen.model.x': 1}, ['one'])


@pytest.mark.parametrize(
    ('stage', 'words'),
    [
        (dict(model=dict(type='ImageClassifer')), r's\.model\.type.*ImageClassifier'),
        (dict(model=dict(type='wsss.PlainConvNt')), r'wsss\.PlainConvNet'),
        (
            dict(model=dict(type='wsss.PlainConvNet', chanels=(1,))),
            r"s\.model\.chanels: wsss\.PlainConvNet has no argument 'chanels'.*channels",
        ),
        (
            dict(train_dataloader=dict(dataset=dict(pipeline=[dict(type='LoadImge')]))),
            r's\.train_dataloader\.dataset\.pipeline\[0\]\.type',
        ),
        (dict(train_cfg=dict(by_epoch=True, max_epoch=3)), r'train_cfg\.max_epoch.*max_epochs'),
        (dict(cam=dict(type='wsss.GradCAMPlus')), 'GradCAMPlusPlus'),
        (dict(optim_wrapper=dict(type='AmpOptimWrapper', paramwise=1)), "no argument 'paramwise'"),
    ],
)
def test_a_bad_type_or_argument_is_named(stage, words):
    with pytest.raises(ConfigError, match=words):
        check_types(stage, 's', 'mmpretrain')


@pytest.mark.parametrize(
    'stage',
    [
        dict(model=dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=50))),
        dict(model=dict(norm_cfg=dict(type='BN', requires_grad=False))),
        dict(train_cfg=dict(by_epoch=True, max_epochs=3)),
        dict(train_cfg=dict(by_epoch=False, max_iters=3, val_interval=1)),
        dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9))),
        dict(
            optim_wrapper=dict(
                type='AmpOptimWrapper', constructor='DefaultOptimWrapperConstructor',
                paramwise_cfg=dict(norm_decay_mult=0), optimizer=dict(type='SGD', lr=0.1),
            ),
        ),
        dict(cam=dict(type='wsss.GradCAMPlusPlus', variant='paper')),
        dict(labeler=dict(type='GlobalThreshold', threshold=0.3)),
    ],
)  # fmt: skip
def test_good_types_pass(stage):
    check_types(stage, 's', 'mmpretrain')


def test_a_stage_may_be_a_copy_of_a_template():
    check_keys(
        config(template=dict(model='@one.model'), two=dict(run='test', _ref_='@template')),
        ['one', 'two'],
        'x.py',
    )
