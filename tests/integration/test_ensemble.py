# SPDX-License-Identifier: Apache-2.0
"""Chains that combine the maps, and the labels, of several stages."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.structures import ScoreStore

STAGES = Path(__file__).resolve().parents[2] / 'configs/_base_/stages'
ENSEMBLE = """
_base_ = ['./tiny.py', '{stages}/other_cams.py', '{stages}/ensemble.py',
          '{stages}/agreed_labels.py']
pipeline = ['classifier', 'cams', 'other_cams', 'ensemble', 'pseudo_labels', 'other_labels',
            'agreed_labels']
label_scores = '@ensemble/scores'
other_cams = dict(model=dict(cam=dict(type='wsss.CAM')))
other_labels = dict(
    run='test', default_scope='mmseg', model='@pseudo_labels.model',
    test_dataloader='@pseudo_labels.test_dataloader',
    test_cfg=dict(type='wsss.PseudoLabelLoop',
                  threshold=dict(type='wsss.FixedThreshold', value=0.7)),
    test_evaluator='@pseudo_labels.test_evaluator', default_hooks='@pseudo_labels.default_hooks')
"""


@pytest.fixture
def config(tiny):
    path = tiny.folder / 'ensemble.py'
    path.write_text(ENSEMBLE.format(stages=STAGES))
    return path


@pytest.mark.slow
def test_maps_are_averaged_and_labels_kept_where_two_stages_agree(tiny, config):
    assert tiny.train(config=config) == 0
    summary, run = tiny.summary(), tiny.folder / 'run'
    assert summary['ensemble']['metrics']['maps/images'] == 24
    stores = [ScoreStore(run / s / 'scores') for s in ('cams', 'other_cams', 'ensemble')]
    names = [Path(name).stem for name in tiny.files('ensemble/scores/*')]
    first, second, mean = (store.read(names[0]) for store in stores)
    both = first.scores + second.scores
    assert float((2 * mean.scores - both).abs().max()) < 0.01
    folders = [run / s / 'masks' for s in ('pseudo_labels', 'other_labels', 'agreed_labels')]
    for name in names:
        a, b, agreed = (np.asarray(Image.open(f / f'{name}.png')) for f in folders)
        assert np.array_equal(agreed, np.where(a == b, a, 255))
    assert summary['agreed_labels']['metrics']['coverage'] < 100


def test_a_dry_run_finds_a_misspelt_mode(tiny, config, capsys):
    config.write_text(config.read_text() + "\nensemble_members = dict(mode='maxi')\n")
    assert tiny.train('--dry-run', config=config) == 1
    assert "Did you mean 'max'" in capsys.readouterr().err
