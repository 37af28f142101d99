# SPDX-License-Identifier: Apache-2.0
"""Whole pipelines on generated images: run, skip, stop, continue, redo."""

import json
import re
import shutil

import pytest
import torch

from wsss.engine.record import read_record
from wsss.evaluation.compare_runs import compare_runs
from wsss.evaluation.run_results import read_runs

STAGES = ['classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']


def weights(tiny, stage, work_dir='run'):
    return torch.load(tiny.folder / work_dir / stage / 'weights.pth', weights_only=True)


def assert_same_weights(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def test_one_command_runs_every_stage_and_says_what_came_out(finished):
    stages = finished.summary()
    assert list(stages) == STAGES
    labels = stages['pseudo_labels']
    assert 0 <= labels['metrics']['mIoU'] <= 100
    assert labels['split'] == 'train' and labels['protocol'] == 'held_out'
    assert labels['images'] == 18 and labels['seconds'] > 0 and labels['images_per_s'] > 0
    assert 'mAP' in stages['classifier']['metrics']
    assert stages['segmentor']['split'] == 'test' and 'mIoU' in stages['segmentor']['metrics']
    assert 'held_out' in stages['pseudo_labels_test']['protocol']
    assert len(finished.files('cams/scores/*.npz')) == 24
    assert len(finished.files('pseudo_labels/masks/*.png')) == 24
    assert len(finished.files('segmentor/masks/*.png')) == 9
    for stage in STAGES:
        assert (finished.folder / 'run' / stage / 'contact_sheet.png').is_file(), stage
    assert (finished.folder / 'run/pseudo_labels/curve.png').is_file()
    index = json.loads((finished.folder / 'run/cams/index.json').read_text())
    assert (index['split'], index['images']) == ('train', 24)
    assert index['classes'] == ['background', *index['image_classes']]
    assert (finished.folder / 'run/report.html').is_file()


def test_scalars_reach_tensorboard(finished):
    assert finished.files('classifier/*/vis_data/events.out.tfevents.*')


def test_no_temporary_file_is_left(finished):
    assert not finished.files('**/*.part')


def test_a_second_start_skips_everything(finished, capsys):
    before = finished.files('**/record.json')
    assert finished.train() == 0
    assert finished.files('**/record.json') == before
    assert finished.train('--dry-run') == 0
    table = capsys.readouterr().out.splitlines()[-6:]
    assert [line.split()[:2] for line in table] == [[stage, 'done'] for stage in STAGES]


def test_fields_that_cannot_change_results_do_not_make_a_stage_stale(finished):
    before = finished.files('**/record.json')
    overrides = ['classifier.train_dataloader.num_workers=0', 'log_level=WARNING']
    assert finished.train('--cfg-options', *overrides) == 0
    assert finished.files('**/record.json') == before


def test_a_changed_value_stops_with_the_key_and_the_choices(finished, capsys):
    assert finished.train('--cfg-options', 'cams.model.cam.variant=official') == 1
    message = capsys.readouterr().err
    assert message.startswith('error: stage cams')
    for word in ('model.cam.variant', "'official'", '--redo cams', '--reuse cams=', '--work-dir'):
        assert word in message
    assert finished.train('--dry-run', '--cfg-options', 'cams.model.cam.variant=official') == 0
    table = capsys.readouterr().out
    assert "model.cam.variant: '<absent>' -> 'official'" in table
    assert 'but cams, which it reads from, is not' in table


def test_redo_makes_the_stage_and_its_dependents_again(tiny, finished, capsys):
    shutil.copytree(finished.folder, tiny.folder, dirs_exist_ok=True)
    before = {s: read_record(tiny.folder / 'run' / s)['run_id'] for s in STAGES}
    change = ['--cfg-options', 'pseudo_labels.model.labeler.type=wsss.BackgroundPower']
    assert tiny.train('--dry-run', '--redo', 'pseudo_labels', *change, config=finished.config) == 0
    assert tiny.train('--redo', 'stale', *change, config=finished.config) == 0
    after = {s: read_record(tiny.folder / 'run' / s)['run_id'] for s in STAGES}
    changed = [s for s in STAGES if before[s] != after[s]]
    assert changed == ['pseudo_labels', 'pseudo_labels_test', 'segmentor']


def test_selection_runs_only_what_was_asked_for(tiny, finished):
    assert tiny.train('--until', 'classifier', config=finished.config) == 0
    assert list(tiny.summary()) == ['classifier']
    assert tiny.train('--stage', 'cams', config=finished.config) == 0
    assert list(tiny.summary()) == ['classifier', 'cams']
    assert tiny.train('--stage', 'segmentor', config=finished.config) == 1


def test_a_stage_alone_gives_the_same_as_in_the_chain(tiny, finished):
    for stage in ('classifier', 'cams', 'pseudo_labels', 'segmentor'):
        assert tiny.train('--stage', stage, config=finished.config) == 0
    for pattern in ('cams/scores/*', 'pseudo_labels/masks/*', 'segmentor/masks/*'):
        assert tiny.files(pattern) == finished.files(pattern)
    for stage in ('classifier', 'segmentor'):
        assert_same_weights(weights(tiny, stage), weights(finished, stage))


def test_reuse_takes_results_from_elsewhere(tiny, finished):
    classifier = finished.folder / 'run' / 'classifier'
    reuse = ['--reuse', f'classifier={classifier}', '--until', 'cams']
    assert tiny.train(*reuse, config=finished.config) == 0
    assert not (tiny.folder / 'run' / 'classifier').exists()
    assert tiny.files('cams/scores/*') == finished.files('cams/scores/*')
    assert tiny.summary()['classifier']['reused_from'] == str(classifier)
    assert 'reused_from' not in tiny.summary()['cams']
    page = (tiny.folder / 'run/report.html').read_text()
    for picture in re.findall(r'src="(.+?)"', page):
        assert (tiny.folder / 'run' / picture).is_file()
    assert 'classifier/contact_sheet.png' in page


def test_a_run_and_one_that_reuses_its_classifier_are_compared(tiny, finished):
    both = [finished.folder / 'run', tiny.folder / 'run']
    reuse = ['--reuse', f'classifier={both[0] / "classifier"}', '--until', 'pseudo_labels']
    assert tiny.train(*reuse, config=finished.config) == 0
    runs = read_runs(both)
    assert len(set(run.name for run in runs)) == 2
    assert list(runs[0].results) == STAGES and not runs[0].unfinished
    assert runs[1].unfinished == dict.fromkeys(STAGES[3:], 'not started')
    tables = {table.stage: table for table in compare_runs(runs)}
    assert list(tables) == STAGES
    labels = tables['pseudo_labels']
    assert len(labels.rows) == 2 and labels.figures == ['mIoU', 'oracle_mIoU']
    assert labels.facts['protocol'] == 'held_out' and labels.facts['images'] == 18
    classifier = tables['classifier']
    assert [result.reused for (result,) in classifier.rows] == [False, True]
    shared = compare_runs(runs, ['classifier'], group_seeds=True)[0]
    assert [len(row) for row in shared.rows] == [1]


STOP = """
custom_imports = dict(imports=['stop_hook'], allow_failed_imports=False)
{stage} = dict(default_hooks=dict(timer=dict(type='wsss.StopHook', at={at}, loop='{loop}')))
"""
STOP_HOOK = """
from mmengine.hooks import Hook
from wsss.registry import HOOKS

@HOOKS.register_module(force=True)
class StopHook(Hook):
    def __init__(self, at, loop):
        self.at, self.loop, self.seen = at, loop, 0
    def count(self):
        self.seen += 1
        if self.seen == self.at:
            raise KeyboardInterrupt
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if self.loop == 'train':
            self.count()
    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if self.loop == 'test':
            self.count()
"""


@pytest.mark.parametrize(
    ('stage', 'loop', 'at'),
    [
        ('classifier', 'train', 6),
        ('cams', 'test', 3),
        ('pseudo_labels', 'test', 2),
        ('segmentor', 'train', 5),
        ('segmentor', 'test', 1),
    ],
)
def test_a_stopped_run_continues_and_ends_as_an_undisturbed_one(
    tiny, finished, monkeypatch, stage, loop, at
):
    tiny.config.write_text(finished.config.read_text())
    (tiny.folder / 'stop_hook.py').write_text(STOP_HOOK)
    monkeypatch.syspath_prepend(str(tiny.folder))
    stopping = tiny.child(STOP.format(stage=stage, at=at, loop=loop))
    assert tiny.train(config=stopping) == 130
    assert not (tiny.folder / 'run' / stage / 'record.json').exists()
    done = [s for s in STAGES if (tiny.folder / 'run' / s / 'record.json').exists()]
    assert done == STAGES[: STAGES.index(stage)]
    assert tiny.train() == 0
    for pattern in ('cams/scores/*', 'pseudo_labels/masks/*', 'segmentor/masks/*'):
        assert tiny.files(pattern) == finished.files(pattern), pattern
    for name in ('classifier', 'segmentor'):
        assert_same_weights(weights(tiny, name), weights(finished, name))
    ours, theirs = tiny.summary(), finished.summary()
    for name in STAGES:
        assert ours[name]['metrics'] == theirs[name]['metrics'], name


def test_tools_test_evaluates_the_last_stage_and_others(finished, capsys):
    from wsss.engine.cli import test_main

    target = ['--work-dir', str(finished.folder / 'run')]
    assert test_main([str(finished.config), *target]) == 0
    assert 'mIoU' in capsys.readouterr().out
    content = json.loads((finished.folder / 'run/segmentor/test.json').read_text())
    assert content['metrics'] == finished.summary()['segmentor']['metrics']
    checkpoint = str(finished.folder / 'run/classifier/weights.pth')
    assert test_main([str(finished.config), checkpoint, *target, '--stage', 'classifier']) == 0
    assert test_main([str(finished.config), checkpoint, *target]) == 1
    assert 'do not fit' in capsys.readouterr().err
