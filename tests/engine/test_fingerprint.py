# SPDX-License-Identifier: Apache-2.0
"""What makes a stage stale, and what does not."""

import copy

import pytest

from wsss.engine.fingerprint import changed_keys, digest, fingerprint

CONFIG = dict(
    pipeline=['a', 'b'],
    root='/x',
    randomness=dict(seed=0),
    data=dict(train=dict(type='D', data_root='@root', split='train')),
    a=dict(
        run='train',
        model=dict(type='M', layers=[dict(n=1), dict(n=2)]),
        train_dataloader=dict(num_workers=2, batch_size=4, dataset='@data/train'),
    ),
    b=dict(run='test', load_from='@a/weights.pth', default_hooks=dict(progress=dict(interval=1))),
)


def change(path, value):
    config = copy.deepcopy(CONFIG)
    part = config
    *parents, last = path
    for key in parents:
        part = part[key]
    part[last] = value
    return config


def lines(config, stage='a'):
    old, new = (fingerprint(c, c['pipeline'], stage, with_data=False) for c in (CONFIG, config))
    return changed_keys(old, new)


@pytest.mark.parametrize(
    ('path', 'value', 'line'),
    [
        (('a', 'model', 'type'), 'N', "model.type: 'M' -> 'N'"),
        (('a', 'model', 'layers', 1, 'n'), 5, 'model.layers[1].n: 2 -> 5'),
        (('a', 'train_dataloader', 'batch_size'), 8, 'train_dataloader.batch_size: 4 -> 8'),
        (('data', 'train', 'split'), 'val', "train_dataloader.dataset.split: 'train' -> 'val'"),
        (('randomness', 'seed'), 1, 'randomness.seed: 0 -> 1'),
        (('a', 'extra'), 1, "extra: '<absent>' -> 1"),
    ],
)
def test_a_changed_value_is_named_by_its_key(path, value, line):
    assert lines(change(path, value)) == [line]


@pytest.mark.parametrize(
    ('path', 'value', 'stage'),
    [
        (('root',), '/y', 'a'),
        (('a', 'train_dataloader', 'num_workers'), 0, 'a'),
        (('b', 'default_hooks', 'progress'), dict(interval=9), 'b'),
        (('a', 'default_hooks'), dict(timer=dict(type='T')), 'a'),
        (('b', 'load_from'), '@a/weights.pth', 'a'),
        (('a', 'model', 'type'), 'N', 'b'),
    ],
)
def test_other_changes_do_not_touch_the_stage(path, value, stage):
    assert lines(change(path, value), stage) == []


def test_upstream_stages_are_those_whose_folders_are_read():
    assert fingerprint(CONFIG, ['a', 'b'], 'a', False)['upstream'] == []
    assert fingerprint(CONFIG, ['a', 'b'], 'b', False)['upstream'] == ['a']


def test_weights_count_by_content_not_by_path(tmp_path):
    for name, content in (('one', b'same'), ('two', b'same'), ('three', b'other')):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'w.pth').write_bytes(content)

    def of(name):
        config = change(('b', 'load_from'), str(tmp_path / name / 'w.pth'))
        return fingerprint(config, ['a', 'b'], 'b', False)

    assert of('one') == of('two') != of('three')


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest(dict(a=1, b=[2])) == digest(dict(b=[2], a=1)) != digest(dict(a=1, b=[3]))
