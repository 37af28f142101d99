# SPDX-License-Identifier: Apache-2.0
"""Late references and merging."""

from pathlib import Path

import pytest

from wsss.engine.references import References, merge, stages_in
from wsss.errors import ConfigError

PIPELINE = ['classifier', 'cams', 'labels']
CONFIG = dict(
    pipeline=PIPELINE,
    root='/data',
    data=dict(num_classes=3, train=dict(type='A', root='@root', split='train', held_out=0.1)),
    classifier=dict(run='train', model=dict(type='M', head=dict(k='@data/num_classes'))),
    cams=dict(run='test', load='@classifier/weights.pth', model=dict(_ref_='@classifier.model')),
    labels=dict(run='test', folder='@cams', scores='@cams/scores'),
)


def resolver(config=CONFIG):
    return References(config, config['pipeline'], lambda name: Path('/runs') / name)


def test_data_reference_copies_and_resolves_what_it_copies():
    found = resolver().resolve('@data/train', 'x', 'cams')
    assert found == dict(type='A', root='/data', split='train', held_out=0.1)
    found['split'] = 'test'
    assert CONFIG['data']['train']['split'] == 'train'


def test_stage_references_become_folders_and_files():
    assert resolver().resolve(CONFIG['labels'], 'labels', 'labels') == dict(
        run='test', folder='/runs/cams', scores='/runs/cams/scores'
    )


def test_ref_with_changes_merges_into_the_copy():
    value = dict(_ref_='@classifier.model', head=dict(extra=1))
    assert resolver().resolve(value, 'x', 'cams') == dict(type='M', head=dict(k=3, extra=1))


def test_delete_beside_ref_replaces_what_it_is_merged_into():
    config = {
        **CONFIG,
        'a': dict(dataset=dict(held_out=0.5, pipeline=[1])),
        'b': dict(_ref_='@a', dataset=dict(_delete_=True, _ref_='@data/train', split='test')),
    }
    assert resolver(config).resolve(config['b'], 'b', 'labels') == dict(
        dataset=dict(type='A', root='/data', split='test', held_out=0.1)
    )


def test_without_folders_stage_references_stay_and_are_listed():
    references = References(CONFIG, PIPELINE)
    value = references.resolve(CONFIG['labels'], 'labels', 'labels')
    assert value['scores'] == '@cams/scores'
    assert stages_in([value, '@classifier/weights.pth'], PIPELINE) == ['classifier', 'cams']


@pytest.mark.parametrize(
    ('value', 'words'),
    [
        ('@data/trian', ['cams.x', '@data/trian', "'train'"]),
        ('@labels/masks', ['a later stage', 'classifier']),
        ('@cams/scores', ['a later stage', 'classifier']),
        ('@clasifier/weights.pth', ['no stage', "'classifier'"]),
        ('@classifier/../secret', ["'..'"]),
        ('@nothing', ['points at nothing', 'root']),
        (dict(_ref_='@root'), ['not a dict']),
        (dict(_ref_='plain'), ['must be a reference']),
    ],
)
def test_bad_references_say_what_there_is(value, words):
    with pytest.raises(ConfigError) as error:
        resolver().resolve(value, 'cams.x', 'cams')
    for word in words:
        assert word in str(error.value)


def test_circles_are_refused():
    config = dict(pipeline=[], a='@b', b='@a')
    with pytest.raises(ConfigError, match='circle'):
        resolver(config).resolve('@a', 'x')


def test_merge_keeps_both_inputs_unchanged():
    base, changes = dict(a=dict(b=1, c=2), d=3), dict(a=dict(b=5), e=4)
    assert merge(base, changes) == dict(a=dict(b=5, c=2), d=3, e=4)
    assert merge(base, dict(a=dict(_delete_=True, z=1))) == dict(a=dict(z=1), d=3)
    assert base == dict(a=dict(b=1, c=2), d=3) and changes == dict(a=dict(b=5), e=4)
