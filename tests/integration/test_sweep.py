# SPDX-License-Identifier: Apache-2.0
"""A sweep over epochs and thresholds chooses what the later stages use, and can be stopped."""

import csv
import json
import shutil

import pytest
import torch

from wsss.engine import checkpoint
from wsss.evaluation.sweep_counts import SweepCounts

CHILD = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/sweep.py']
pipeline = ['classifier', 'sweep', 'cams', 'pseudo_labels']
classifier = dict(default_hooks=dict(checkpoint=dict(max_keep=-1)))
sweep_views = dict(base_size=(48, 48))
_views = [dict(type='wsss.LoadImage'), '@sweep_views', dict(type='wsss.PackViews')]
cams = dict(
    load_from='@sweep/weights.pth',
    model=dict(fusion=dict(flip=False)),
    test_dataloader=dict(dataset=dict(pipeline=_views)),
)
_chosen = dict(_delete_=True, type='wsss.EarlierThreshold', file='@sweep/threshold.json')
pseudo_labels = dict(test_cfg=dict(threshold=_chosen))
"""


def make(tiny):
    """Make the sweep the config of ``tiny``."""
    from .conftest import ROOT

    tiny.config = tiny.folder / 'sweep.py'
    tiny.config.write_text(CHILD.format(root=ROOT))
    return tiny


@pytest.fixture(scope='module')
def swept(tmp_path_factory, tiny_class):
    made = make(tiny_class(tmp_path_factory.mktemp('swept')))
    assert made.train() == 0
    return made


@pytest.fixture
def trained(tmp_path, swept, tiny_class):
    """A copy of the finished training, without what follows."""
    made = make(tiny_class(tmp_path))
    made.config.write_text(made.config.read_text() + f"data_root = '{swept.folder / 'data'}'\n")
    shutil.copytree(swept.folder / 'run/classifier', tmp_path / 'run/classifier')
    return made


def table(made):
    with open(made.folder / 'run/sweep/sweep.csv', newline='') as file:
        return list(csv.DictReader(file))


def test_every_epoch_threshold_and_part_has_a_row(swept):
    rows = table(swept)
    assert list(rows[0])[:4] == ['Model', 'Threshold', 'mIoU', 'Class 0 IoU']
    assert len(rows) == 2 * 3 * 9
    keys = [(row['part'], int(row['epoch']), float(row['Threshold'])) for row in rows]
    assert keys == sorted(set(keys))
    assert {row['part']: row['n_images'] for row in rows} == {'held_out': '6', 'rest': '18'}
    assert (swept.folder / 'run/sweep/sweep.png').is_file()


def test_held_out_images_choose_and_later_stages_use_it(swept):
    stages = swept.summary()
    figures, labels = stages['sweep']['metrics'], stages['pseudo_labels']
    rows = [row for row in table(swept) if row['part'] == 'held_out']
    best = max(rows, key=lambda row: float(row['M0 mIoU']))
    assert (int(best['epoch']), float(best['Threshold'])) == (
        figures['epoch'], figures['threshold'],
    )  # fmt: skip
    # the labels made of the chosen weights at the chosen threshold have the figure of the table
    assert labels['metrics']['threshold'] == figures['threshold']
    assert labels['metrics']['mIoU'] == pytest.approx(figures['mIoU'], abs=1e-3)
    assert labels['protocol'] == 'earlier (held_out)'
    assert stages['sweep']['chosen']['epoch'] == figures['epoch']
    assert figures['oracle_mIoU'] >= figures['mIoU']
    run = swept.folder / 'run'
    chosen = checkpoint.load(run / f'classifier/checkpoints/epoch_{figures["epoch"]}.pth')
    weights = checkpoint.load(run / 'sweep/weights.pth')
    assert all(torch.equal(weights[key], value) for key, value in chosen['state_dict'].items())


def test_a_sweep_that_was_stopped_goes_on_with_the_next_epoch(trained, swept, monkeypatch):
    rows, made = SweepCounts.rows, []

    def stop(self, epoch, split):
        made.append(epoch)
        if epoch == 3 and made == [1, 2, 3]:
            raise KeyboardInterrupt
        return rows(self, epoch, split)

    monkeypatch.setattr(SweepCounts, 'rows', stop)
    assert trained.train('--stage', 'sweep') != 0
    assert not (trained.folder / 'run/sweep/sweep.csv').exists()
    assert trained.train('--stage', 'sweep') == 0
    assert made == [1, 2, 3, 3]
    assert trained.files('sweep/*.csv') == swept.files('sweep/*.csv')
    assert trained.files('sweep/epochs/*') == swept.files('sweep/epochs/*')


@pytest.mark.slow
def test_two_ranks_choose_what_one_does(trained, swept):
    done = trained.launch(2, '--stage', 'sweep')
    assert done.returncode == 0, done.stderr[-3000:]
    assert trained.summary()['sweep']['metrics'] == pytest.approx(
        swept.summary()['sweep']['metrics'], abs=1e-6
    )
    for ours, theirs in zip(table(trained), table(swept), strict=True):
        numbers = [[float(row[key] or -1) for key in row if key not in ('Model', 'split', 'part')]
                   for row in (ours, theirs)]  # fmt: skip
        assert numbers[0] == pytest.approx(numbers[1], abs=1e-3)


def tamper_missing(folder):
    (folder / 'epoch_2.pth').unlink()


def tamper_more(folder):
    shutil.copy(folder / 'epoch_3.pth', folder / 'epoch_4.pth')


def tamper_name(folder):
    shutil.copy(folder / 'epoch_1.pth', folder / 'epoch_2.pth')


def tamper_last(folder):
    content = checkpoint.load(folder / 'epoch_3.pth')
    content['state_dict'] = {k: v + 1 for k, v in content['state_dict'].items()}
    checkpoint.save(content, folder / 'epoch_3.pth')


@pytest.mark.parametrize(
    ('tamper', 'words'),
    [
        (tamper_missing, 'has no checkpoint of the epochs 2 (of 3)'),
        (tamper_more, 'checkpoint of epoch 4, which is of another training'),
        (tamper_name, "epoch_2.pth is not of this training: it says {'epoch': 1"),
        (tamper_last, 'they are not of one training'),
    ],
)
def test_checkpoints_of_another_training_are_refused(trained, capsys, tamper, words):
    tamper(trained.folder / 'run/classifier/checkpoints')
    assert trained.train('--stage', 'sweep') != 0
    assert words in capsys.readouterr().err
    assert not (trained.folder / 'run/sweep/sweep.csv').exists()


def test_a_sweep_without_held_out_truth_is_refused(trained, capsys):
    options = ['--cfg-options', 'sweep.test_dataloader.dataset.held_out=0']
    assert trained.train('--stage', 'sweep', *options) != 0
    assert 'no image of test_dataloader.dataset is held out' in capsys.readouterr().err


def test_the_threshold_file_says_how_it_was_chosen(swept):
    chosen = json.loads((swept.folder / 'run/sweep/threshold.json').read_text())
    assert chosen['protocol'] == 'held_out' and chosen['num_images'] == 6
    # the same words for every seed, whatever epoch it chooses
    assert chosen['chosen_on'] == 'the 6 held-out images, together with the epoch'
    assert 1 <= chosen['epoch'] <= 3
