# SPDX-License-Identifier: Apache-2.0
"""A change makes exactly those stages stale that it concerns."""

import json
import os
import shutil
import time

import numpy as np
import pytest
from PIL import Image

from wsss.engine import fingerprint
from wsss.engine.record import read_record

STAGES = ['classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']


@pytest.fixture
def copied(tiny, finished):
    """A finished run and its data, copied: other places, times and inodes."""
    for part in ('run', 'data'):
        shutil.copytree(finished.folder / part, tiny.folder / part, copy_function=shutil.copyfile)
    return tiny


@pytest.fixture
def states(copied, capsys):
    """Return which stages are stale themselves, and which would follow."""

    def call(*options, config=None):
        capsys.readouterr()
        assert copied.train('--dry-run', *options, config=config) == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        rows = {row[0]: row for row in rows if row and row[0] in STAGES}
        assert list(rows) == STAGES
        stale = {name for name, row in rows.items() if row[1] == 'stale'}
        after = {name for name, row in rows.items() if 'but' in row and row[1] == 'done'}
        assert {row[1] for row in rows.values()} <= {'done', 'stale'}
        return stale, after

    return call


def picture(tiny, split, part):
    """Return an image or mask of a split."""
    return sorted((tiny.folder / 'data').glob(f'{split}-*/{part}/*.png'))[1]


def test_another_place_of_run_and_data_changes_nothing(copied, states):
    assert states() == (set(), set())
    for path in (copied.folder / 'data').rglob('*.png'):
        os.utime(path)
    assert states() == (set(), set())


def test_a_config_value_concerns_its_stage_and_what_reads_from_it(states):
    options = ['--cfg-options', 'pseudo_labels.model.labeler.type=wsss.BackgroundPower']
    stale, after = states(*options)
    assert stale == {'pseudo_labels', 'pseudo_labels_test'} or stale == {'pseudo_labels'}
    assert stale | after == {'pseudo_labels', 'pseudo_labels_test', 'segmentor'}
    stale, after = states('--cfg-options', 'segmentor.train_cfg.max_epochs=3')
    assert (stale, after) == ({'segmentor'}, set())


def test_the_class_list_concerns_every_stage_that_uses_the_data(copied, states):
    names = "('background', 'disk', 'square', 'triangle', 'ring', 'star')"
    config = copied.child(f'data = dict(train=dict(metainfo=dict(classes={names})))')
    stale, after = states(config=config)
    assert stale == {'classifier', 'cams', 'pseudo_labels', 'segmentor'}
    assert after == {'cams_test', 'pseudo_labels_test'}


@pytest.mark.parametrize(
    ('split', 'part', 'direct'),
    [
        ('train', 'images', {'classifier', 'cams', 'pseudo_labels', 'segmentor'}),
        ('train', 'masks', {'pseudo_labels'}),
        ('val', 'images', {'classifier'}),
        ('val', 'masks', set()),
        ('test', 'images', {'cams_test', 'pseudo_labels_test', 'segmentor'}),
        ('test', 'masks', {'pseudo_labels_test', 'segmentor'}),
    ],
)
def test_a_picture_concerns_the_stages_that_read_it(copied, states, split, part, direct):
    path = picture(copied, split, part)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # equal size
    stat = path.stat()
    time.sleep(0.02)  # the coarse clock of file systems
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    stale, after = states()
    assert stale == direct
    expected = set(direct)
    for stage in STAGES:
        upstream = read_record(copied.folder / 'run' / stage)['fingerprint']['upstream']
        if expected & {*upstream}:
            expected.add(stage)
    assert stale | after == expected


def test_another_version_of_the_code_concerns_all(states, monkeypatch):
    monkeypatch.setattr(fingerprint, '__version__', '99.0')
    assert states() == ({*STAGES}, set())


def test_a_stage_that_was_made_again_concerns_what_reads_from_it(copied, states):
    path = copied.folder / 'run/cams/record.json'
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, 'run_id': 'another'}))
    stale, after = states()
    assert stale == {'pseudo_labels'}
    assert after == {'pseudo_labels_test', 'segmentor'}


def test_redo_stale_makes_exactly_those_again(copied, states):
    mask = picture(copied, 'test', 'masks')
    with Image.open(mask) as image:
        pixels, palette = np.array(image), image.getpalette()
    pixels[:4] = 255
    made = Image.fromarray(pixels)
    made = Image.frombytes('P', made.size, made.tobytes())
    made.putpalette(palette)
    made.save(mask)
    before = {s: read_record(copied.folder / 'run' / s)['run_id'] for s in STAGES}
    assert copied.train() == 1
    assert copied.train('--redo', 'stale') == 0
    after = {s: read_record(copied.folder / 'run' / s)['run_id'] for s in STAGES}
    assert {s for s in STAGES if before[s] != after[s]} == {'pseudo_labels_test', 'segmentor'}
    assert states() == (set(), set())
