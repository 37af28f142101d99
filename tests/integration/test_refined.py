# SPDX-License-Identifier: Apache-2.0
"""A chain whose maps are refined before they become labels."""

from pathlib import Path

import pytest

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
REFINED = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/refined.py']
pipeline = ['classifier', 'cams', 'refined', 'pseudo_labels']
refiners = [dict(type='wsss.DenseCRF', bg_power=2, iterations={iterations})]
refined = dict(test_dataloader=dict(num_workers=2))
label_scores = '@refined/scores'
"""


def write(tiny, iterations=3):
    path = tiny.folder / 'refined.py'
    path.write_text(REFINED.format(root=ROOT, iterations=iterations))
    return path


@pytest.mark.slow
def test_labels_come_from_refined_maps_and_a_change_redoes_them_alone(tiny, capsys):
    assert tiny.train(config=write(tiny)) == 0
    summary = tiny.summary()
    assert summary['refined']['metrics']['maps/images'] == 24
    raw, refined = (ScoreStore(tiny.folder / 'run' / s / 'scores') for s in ('cams', 'refined'))
    image_id = next(iter(tiny.files('refined/scores/*'))).split('/')[-1].removesuffix('.npz')
    before, after = raw.read(image_id), refined.read(image_id)
    assert after.keys.tolist() == before.keys.tolist()
    assert after.scores.shape[1:] == (48, 48) and after.background is not None
    capsys.readouterr()
    assert tiny.train('--dry-run', config=write(tiny, iterations=4)) == 0
    rows = capsys.readouterr().out.splitlines()[-4:]
    assert [row.split()[1] for row in rows] == ['done', 'done', 'stale', 'done']
    assert 'refined, which it reads from, is not' in rows[3]
    records = tiny.files('*/record.json')
    assert tiny.train('--redo', 'refined', config=write(tiny, iterations=4)) == 0
    again = tiny.files('*/record.json')
    changed = {name for name in records if records[name] != again[name]}
    assert changed == {'refined/record.json', 'pseudo_labels/record.json'}


def test_a_misspelt_refiner_is_found_before_anything_runs(tiny, capsys):
    config = write(tiny)
    config.write_text(config.read_text().replace('DenseCRF', 'DenseCFR'))
    assert tiny.train(config=config) == 1
    said = capsys.readouterr().err
    assert "Did you mean 'DenseCRF'" in said and 'Traceback' not in said
    assert not (tiny.folder / 'run/classifier').exists()
