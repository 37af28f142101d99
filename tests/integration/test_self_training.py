# SPDX-License-Identifier: Apache-2.0
"""A round of self-training, from the first segmentor to the test of the chosen one."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss.structures import ScoreStore

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
ROUNDS = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/self_training.py']
pipeline = [
    'classifier', 'cams', 'pseudo_labels', 'segmentor', 'round1_scores', 'round1_labels', 'round1',
    'chosen', 'test',
]
_vote = dict(
    type='wsss.SuperpixelVote', mode='conf', min_confidence=0.5, cache_dir='{cache}',
)
segmentor_model = dict(data_preprocessor=dict(test_cfg=dict(size_divisor=16)))
teacher_resize = [dict(type='Resize', scale=(s, s), keep_ratio=True) for s in (48, 64)]
relabel_refiners = [_vote, dict(type='wsss.ClassMorphology')]
relabel = dict(anchor='@pseudo_labels/masks')
classifier = dict(train_cfg=dict(max_epochs=1))
round_training = dict(
    train_cfg=dict(max_epochs=1),
    custom_hooks=[dict(type='wsss.EMATeacher', momentum=0.5)],
)
chosen = dict(
    test_cfg=dict(candidates=['@segmentor/weights.pth', '@round1/weights.pth'], rule='stop')
)
"""


def write(tiny):
    path = tiny.folder / 'rounds.py'
    path.write_text(ROUNDS.format(root=ROOT, cache=tiny.folder / 'regions'))
    return path


@pytest.fixture(scope='module')
def run(tmp_path_factory, tiny_class):
    tiny = tiny_class(tmp_path_factory.mktemp('rounds'))
    tiny.config = write(tiny)
    assert tiny.train() == 0
    return tiny


def masks(folder):
    return {path.stem: np.array(Image.open(path)) for path in sorted(folder.glob('*.png'))}


def test_scores_are_probabilities_of_the_classes_of_the_image(run):
    store = ScoreStore(run.folder / 'run/round1_scores/scores')
    files = sorted(store.folder.glob('*.npz'))
    assert len(files) == 24
    for path in files:
        maps = store.read(path.stem)
        assert maps.size == (48, 48) and maps.scores.shape[1:] == (12, 12)
        total = maps.scores.sum(0) + maps.background
        torch.testing.assert_close(total, torch.ones_like(total), atol=2e-3, rtol=0)


def test_labels_of_the_anchor_stay_and_the_record_shows_the_drift(run):
    before = masks(run.folder / 'run/pseudo_labels/masks')
    after = masks(run.folder / 'run/round1_labels/masks')
    assert list(after) == list(before) and len(after) == 24
    assert all(np.array_equal(after[k][before[k] < 255], before[k][before[k] < 255]) for k in after)
    figures = run.summary()['round1_labels']['metrics']
    assert figures['changed'] == 0 and figures['mIoU'] > 0
    assert figures['foreground'] == pytest.approx(figures['foreground_before'])
    assert len(list((run.folder / 'regions').rglob('*.png'))) == 24


def test_the_chosen_weights_are_those_of_a_candidate_and_are_tested(run):
    stages, folder = run.summary(), run.folder / 'run'
    record = json.loads((folder / 'chosen/record.json').read_text())
    assert list(record['candidates']) == ['segmentor', 'round1']
    assert record['images'] == 6 and record['rule'] == 'stop'
    assert record['metrics']['mIoU'] == record['candidates'][record['chosen']]
    weights, expected = (
        torch.load(folder / name / 'weights.pth', weights_only=True)
        for name in ('chosen', record['chosen'])
    )
    assert all(torch.equal(weights[key], expected[key]) for key in expected)
    assert stages['test']['metrics']['mIoU'] > 0


def test_a_choice_that_was_stopped_goes_on_and_lost_weights_are_made_again(run, monkeypatch):
    from wsss.engine.loops import ChooseWeights

    chosen = run.folder / 'run/chosen'
    before = json.loads((chosen / 'record.json').read_text())
    known = json.loads((chosen / 'candidates.json').read_text())
    (chosen / 'candidates.json').write_text(json.dumps({'segmentor': known['segmentor']}))
    (chosen / 'weights.pth').unlink()
    evaluated, evaluate = [], ChooseWeights._evaluate
    monkeypatch.setattr(
        ChooseWeights,
        '_evaluate',
        lambda self, path: evaluated.append(path) or evaluate(self, path),
    )
    assert run.train('--stage', 'chosen') == 0
    assert [Path(path).parent.name for path in evaluated] == ['round1']
    after = json.loads((chosen / 'record.json').read_text())
    assert after['run_id'] == before['run_id'] and after['candidates'] == before['candidates']
    assert (chosen / 'weights.pth').is_file()


def test_a_finished_run_is_skipped(run):
    records = run.files('*/record.json')
    assert run.train() == 0
    assert run.files('*/record.json') == records


def test_two_ranks_write_the_scores_and_the_choice_of_one(run):
    before = run.files('round1_scores/scores/*'), run.files('chosen/*.pth')
    chosen = run.summary()['chosen']['metrics']
    for stage in ('round1_scores', 'chosen'):
        done = run.launch(2, '--stage', stage, '--redo', stage)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (run.files('round1_scores/scores/*'), run.files('chosen/*.pth')) == before
    assert run.summary()['chosen']['metrics'] == pytest.approx(chosen)
