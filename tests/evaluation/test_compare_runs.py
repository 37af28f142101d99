# SPDX-License-Identifier: Apache-2.0
"""Runs side by side, on records written by hand."""

import csv
import importlib.util
import io
from pathlib import Path

import pytest

from wsss.errors import ConfigError, DataError
from wsss.evaluation.compare_runs import compare_runs
from wsss.evaluation.run_results import name_runs, read_runs
from wsss.evaluation.run_table import csv_text, markdown_text
from wsss.fileio import read_json, write_json

TOOL = Path(__file__).resolve().parents[2] / 'tools/analysis_tools/compare_runs.py'
LABELS = dict(split='train', metric='M0', images=90, images_left_out=10, protocol='held_out')


class Runs:
    """Writes folders as runs leave them."""

    def __init__(self, root):
        self.root = root

    def stage(self, run, name, metrics, seed=0, config=None, upstream=(), labels=None, **record):
        folder = self.root / run / name
        fingerprint = dict(
            config={'randomness.seed': seed, **(config or {})},
            data=dict(test_dataloader='d0'),
            upstream=list(upstream),
            version='1',
        )
        content = dict(stage=name, config='configs/x.py', metrics=metrics, seconds=10.0, seed=seed,
                       world_size=1, device='CPU', run_id=f'{run} {name}')  # fmt: skip
        write_json(folder / 'record.json', {**content, 'fingerprint': fingerprint, **record})
        if labels:
            write_json(folder / 'index.json', dict(classes=labels, image_classes=labels[1:]))
        return folder

    def labels(self, run, miou, seed=0, **changes):
        metrics = {'mIoU': miou, 'mDice': 80.0, 'IoU/cat': 40.0, **changes.pop('metrics', {})}
        return self.stage(
            run, 'pseudo_labels', metrics, seed, labels=['background', 'cat'],
            **{**LABELS, 'threshold': 0.3, **changes},
        )  # fmt: skip

    def summary(self, run, pipeline, **stages):
        write_json(
            self.root / run / 'summary.json',
            dict(config='configs/x.py', pipeline=pipeline, stages=stages),
        )

    def compare(self, *names, **options):
        return compare_runs(read_runs([self.root / name for name in names]), **options)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def names(table):
    return [[result.run for result in row] for row in table.rows]


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_like_figures_are_in_one_table(runs):
    runs.labels('a', 60.0)
    runs.labels('b', 70.0)
    (table,) = runs.compare('a', 'b')
    assert names(table) == [['a'], ['b']]
    assert table.figures == ['mIoU'] and not table.differs and not table.remarks
    text = markdown_text(read_runs([runs.root / 'a', runs.root / 'b']), [table])
    assert lines_of(text, '| a |')[1] == '| a | 60.00 | 0.30 | 0 | 1 | 10.0 |'
    assert lines_of(text, '| run | mIoU') == [
        '| run | mIoU | threshold | seed | processes | seconds |'
    ]
    assert lines_of(text, 'split') == [
        'split train; images 90; images left out 10; metric M0; protocol held_out; '
        'labels background, cat'
    ]


@pytest.mark.parametrize(
    'change, words',
    [
        (dict(split='test'), 'split test, there train'),
        (dict(images=80), 'images 80, there 90'),
        (dict(images_left_out=None), 'images left out none, there 10'),
        (dict(protocol='oracle'), 'protocol oracle, there held_out'),
        (dict(label_filter='open'), 'label filter open, there none'),
        (dict(metric='M9'), 'metric M9, there M0'),
    ],
)
def test_figures_of_something_else_are_kept_apart_and_it_is_said_why(runs, change, words):
    runs.labels('a', 60.0)
    runs.labels('b', 70.0, **change)
    runs.labels('c', 65.0)
    first, other = runs.compare('a', 'b', 'c')
    assert names(first) == [['a'], ['c']] and names(other) == [['b']]
    assert other.differs == [words]
    assert f'first table of this stage:** {words}.' in markdown_text([], [first, other])


def test_figures_over_other_labels_are_kept_apart(runs):
    many = [f'c{i}' for i in range(20)]
    for run, labels in (('a', many), ('b', [*many[:19], 'x']), ('c', many[:12])):
        runs.stage(run, 'segmentor', dict(mIoU=50.0), labels=labels, metric='M0')
    first, second, third = runs.compare('a', 'b', 'c')
    assert second.differs[0].endswith(f'x, there {", ".join(many)}')
    assert third.differs == ['labels 12 (c0, c1, c2, ...), there 20 (c0, c1, c2, ...)']


def test_the_same_preset_counts_alike_or_is_kept_apart(runs):
    def presets(**rules):
        figures = {f'{name}/mIoU': 55.0 for name in rules}
        return dict(metrics=figures, presets=dict(per_class=rules))

    runs.labels('a', 60.0, **presets(mine=dict(border='fg')))
    runs.labels('b', 61.0)
    runs.labels('c', 62.0, **presets(M1=dict(border='fg')))
    (table,) = runs.compare('a', 'b', 'c')
    assert table.figures == ['mIoU', 'mine/mIoU', 'M1/mIoU']
    runs.labels('c', 62.0, **presets(mine=dict(border='bg')))
    _, _, other = runs.compare('a', 'b', 'c')
    assert other.differs == ['preset mine {"border": "bg"}, there {"border": "fg"}']


def test_seeds_become_mean_and_deviation_of_a_sample(runs):
    for run, miou, seed in (('a', 60.0, 0), ('b', 64.0, 1), ('c', 62.0, 2)):
        runs.labels(run, miou, seed, seconds=10.0 + seed)
    (table,) = runs.compare('a', 'b', 'c', group_seeds=True)
    assert names(table) == [['a', 'b', 'c']]
    text = markdown_text([], [table], group_seeds=True)
    # mean 62, deviations -2, 2, 0: variance 8 / 2; seconds 10, 11, 12
    row = '| a, b, c | 62.00 ± 2.00 | 0.30 ± 0.00 | 3 | 0, 1, 2 | 1 | 11.0 ± 1.0 |'
    assert lines_of(text, '| a, b, c') == [row]
    all_runs = read_runs([runs.root / name for name in 'abc'])
    (cells,) = csv.DictReader(io.StringIO(csv_text(all_runs, [table])))
    assert (float(cells['mIoU']), float(cells['mIoU sd']), cells['n']) == (62, 2, '3')
    assert cells['protocol'] == 'held_out' and cells['config'] == 'configs/x.py'


def test_what_differs_in_more_than_the_seed_is_not_averaged(runs):
    runs.labels('a', 60.0, 0)
    runs.labels('b', 61.0, 1, config=dict(bg_power=2))
    runs.labels('c', 62.0, 2, world_size=2)
    (table,) = runs.compare('a', 'b', 'c', group_seeds=True)
    assert names(table) == [['a'], ['b'], ['c']]


def test_another_setting_upstream_is_not_averaged(runs):
    for run, seed, epochs in (('a', 0, 5), ('b', 1, 5), ('c', 2, 6)):
        runs.stage(run, 'classifier', {}, seed, config=dict(epochs=epochs))
        runs.labels(run, 60.0, seed, upstream=['classifier'])
    runs.labels('d', 60.0, 3, upstream=['classifier'])  # its classifier is gone
    table = runs.compare('a', 'b', 'c', 'd', group_seeds=True)[1]
    assert names(table) == [['a', 'b'], ['c'], ['d']]


def test_a_stage_that_reads_from_itself_does_no_harm(runs):
    for run in 'ab':
        runs.labels(run, 60.0, upstream=['pseudo_labels'])
    (table,) = runs.compare('a', 'b', group_seeds=True)
    assert names(table) == [['a'], ['b']]


def test_a_reused_result_counts_once(runs):
    folder = runs.labels('a', 60.0)
    runs.labels('c', 64.0, 1)
    runs.summary('b', ['pseudo_labels'], pseudo_labels=dict(reused_from=str(folder)))
    (table,) = runs.compare('a', 'b', 'c', group_seeds=True)
    assert names(table) == [['a', 'c']]
    assert table.remarks == [f'b reuses the stage in {folder}']
    (table,) = runs.compare('a', 'b', 'c')
    assert names(table) == [['a'], ['b'], ['c']]
    assert table.remarks == [f'b reuses the stage in {folder}']


def test_a_seed_that_counts_twice_is_named(runs):
    for run in 'ab':
        runs.labels(run, 60.0)
    (table,) = runs.compare('a', 'b', group_seeds=True)
    assert table.remarks == ['A seed counts more than once: a, b']


def test_other_devices_versions_and_data_are_named(runs):
    runs.labels('a', 60.0)
    folder = runs.labels('b', 61.0, device='GPU')
    record = read_json(folder / 'record.json')
    record['fingerprint'].update(version='2', data=dict(test_dataloader='d1'))
    write_json(folder / 'record.json', record)
    (table,) = runs.compare('a', 'b')
    assert table.remarks == [
        'Seconds are of different devices: CPU (a); GPU (b)',
        'Versions of the package differ: 1 (a); 2 (b)',
        'The data differ in images, labels, boxes, held-out part or masks: d0 (a); d1 (b)',
    ]


def test_what_is_not_finished_is_named(runs):
    runs.stage('a', 'classifier', dict(mAP=80.0))
    write_json(runs.root / 'a/cams/started.json', {})
    runs.summary('a', ['classifier', 'cams', 'seeds', 'segmentor'], segmentor={}, classifier={})
    runs.summary('b', ['classifier'], classifier=dict(reused_from=str(runs.root / 'gone')))
    text = markdown_text(read_runs([runs.root / 'a', runs.root / 'b']), [])
    first, second = lines_of(text, '| a |') + lines_of(text, '| b |')
    assert '1 of 4 (cams not finished; seeds not started; segmentor deleted)' in first
    assert f'0 of 1 (classifier reused from {runs.root / "gone"}, where there is no' in second


def test_a_run_killed_in_its_first_stage_has_nothing_to_compare(runs):
    write_json(runs.root / 'a/classifier/started.json', {})
    with pytest.raises(DataError, match='no stage is finished. a: classifier not finished'):
        runs.compare('a')


def test_filters_take_names_and_patterns(runs):
    runs.stage('a', 'classifier', dict(mAP=80.0))
    runs.labels('a', 60.0)
    tables = runs.compare('a', metrics=['IoU/*', 'mDice'])
    assert [(t.stage, t.figures) for t in tables] == [('pseudo_labels', ['mDice', 'IoU/cat'])]
    assert [t.stage for t in runs.compare('a', stages=['classifier'])] == ['classifier']


def test_a_figure_that_is_no_number_is_left_empty(runs):
    runs.labels('a', float('nan'))
    runs.labels('b', 61, metrics=dict(note='text'))
    (table,) = runs.compare('a', 'b')
    text = markdown_text([], [table])
    assert lines_of(text, '| a |') == ['| a |  | 0.30 | 0 | 1 | 10.0 |']
    assert lines_of(text, '| b |') == ['| b | 61 | 0.30 | 0 | 1 | 10.0 |']


@pytest.mark.parametrize(
    'options, words',
    [
        (dict(stages=['pseudo_label']), "no run has such a stage. Did you mean 'pseudo_labels'"),
        (dict(metrics=['miou']), 'no stage has such a figure.* Figures: IoU/cat, mDice, mIoU'),
    ],
)
def test_unknown_names_are_refused(runs, options, words):
    runs.labels('a', 60.0)
    with pytest.raises(ConfigError, match=words):
        runs.compare('a', **options)


def test_folders_that_are_no_runs_are_refused(runs):
    runs.labels('a', 60.0)
    (runs.root / 'empty').mkdir()
    for name, words in (
        ('none', 'none is not a folder'),
        ('empty', 'empty is no run: there is neither summary.json nor a stage'),
        ('a/pseudo_labels', 'It is the folder of a stage: give the one above'),
    ):
        with pytest.raises(DataError, match=words):
            runs.compare(name)
    with pytest.raises(ConfigError, match='is given twice'):
        runs.compare('a', 'a/../a')


@pytest.mark.parametrize(
    'file, content, words',
    [
        ('pseudo_labels/record.json', '{"metrics": ', 'record.json is not valid JSON'),
        ('pseudo_labels/record.json', '[1]', 'record.json is not a record of a stage'),
        ('pseudo_labels/record.json', '{"fingerprint": {}}', 'record.json: metrics must be a dict'),
        (
            'pseudo_labels/record.json',
            '{"fingerprint": {"config": []}, "metrics": {}}',
            'record.json: fingerprint.config must be a dict',
        ),
        (
            'pseudo_labels/record.json',
            '{"fingerprint": {"config": {}, "data": {}, "upstream": []}, "metrics": {}, '
            '"seconds": "1"}',
            "record.json: seconds must be a number, got '1'",
        ),
        ('pseudo_labels/index.json', '[]', 'index.json is not the index of a stage'),
        ('summary.json', '{"stages": [1]}', 'summary.json is not the summary of a run'),
        ('summary.json', '{"stages": {}, "pipeline": 3}', 'summary.json is not the summary'),
    ],
)
def test_damaged_files_are_named(runs, file, content, words):
    runs.labels('a', 60.0)
    (runs.root / 'a' / file).write_text(content)
    with pytest.raises(DataError, match=words):
        runs.compare('a')


def test_names_tell_runs_apart_with_as_little_as_they_need():
    paths = ['/w/cam/pets', '/w/ccam/pets', '/v/cam/pets', '/w/cam/voc', '/pets']
    assert name_runs(list(map(Path, paths)))[:4] == ['w/cam/pets', 'ccam/pets', 'v/cam/pets', 'voc']


def test_the_tool_prints_and_writes_both_files(runs, capsys):
    spec = importlib.util.spec_from_file_location('compare_runs_tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    runs.labels('x/a', 60.0)
    runs.labels('y/a', 61.0, seed=1)
    folders = [str(runs.root / name) for name in ('x/a', 'y/a')]
    assert tool.main([*folders, '--group-seeds', '--out', str(runs.root / 'out')]) == 0
    printed = capsys.readouterr().out
    text = (runs.root / 'out/runs.md').read_text()
    assert text in printed and '| x/a, y/a | 60.50 ± 0.71 |' in text
    rows = list(csv.DictReader((runs.root / 'out/runs.csv').open()))
    assert [row['runs'] for row in rows] == ['x/a, y/a']
    assert sorted(p.name for p in (runs.root / 'out').iterdir()) == ['runs.csv', 'runs.md']
    assert tool.main([str(runs.root)]) == 1
    assert 'error: ' in capsys.readouterr().err
