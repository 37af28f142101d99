# SPDX-License-Identifier: Apache-2.0
"""A chain that starts from boxes, points or scribbles, without a classifier."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.structures import ScoreStore

ROOT = Path(__file__).resolve().parents[2]
SEEDED = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/seeds.py']
pipeline = ['seeds', 'pseudo_labels', 'segmentor']
label_scores = '@seeds/scores'
seeds = dict(test_dataloader=dict(num_workers=1))
seed_source = dict(type='wsss.{source}')
seed_maps = dict(type='wsss.{maps}')
segmentor_model = dict(backbone=dict(init_cfg=None))
"""


def write(tiny, source, maps='BoxHeatmap'):
    path = tiny.folder / 'seeded.py'
    path.write_text(SEEDED.format(root=ROOT, source=source, maps=maps))
    return path


def write_grey(path, value):
    Image.fromarray(np.full((48, 48), value, np.uint8)).save(path)


def sources(tiny):
    records = tiny.files('*/record.json')
    return {Path(n).parent.name: json.loads(r).get('annotation_source') for n, r in records.items()}


@pytest.mark.slow
def test_every_record_of_the_chain_says_that_its_boxes_are_simulated(tiny):
    assert tiny.train(config=write(tiny, 'SimulateBoxes')) == 0
    simulated = ['simulated boxes']
    assert sources(tiny) == dict(seeds=simulated, pseudo_labels=simulated, segmentor=simulated)
    summary = tiny.summary()
    assert summary['segmentor']['annotation_source'] == simulated
    assert summary['seeds']['metrics']['maps/blank'] == 0
    image_id = next(iter(tiny.files('seeds/scores/*'))).split('/')[-1].removesuffix('.npz')
    maps = ScoreStore(tiny.folder / 'run/seeds/scores').read(image_id)
    assert maps.scores.shape[1:] == (48, 48) and maps.background is None
    assert summary['pseudo_labels']['metrics']['mIoU'] > 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ('source', 'maps', 'said'),
    [
        ('LoadBoxes', 'BoxHeatmap', 'boxes'),
        ('SimulatePoints', 'PointSeeds', 'simulated points'),
        ('SimulateScribbles', 'ScribbleSeeds', 'simulated scribbles'),
    ],
)
def test_other_sources_are_a_matter_of_two_keys(tiny, source, maps, said):
    config = write(tiny, source, maps)
    options = ['seed_source.allow_missing=True']
    assert tiny.train('--until', 'seeds', '--cfg-options', *options, config=config) == 0
    assert sources(tiny) == dict(seeds=[said])
    assert len(tiny.files('seeds/scores/*')) == 24


def test_a_stage_of_image_labels_alone_names_no_annotation(mapped):
    assert set(sources(mapped).values()) == {None}


def test_an_image_that_is_not_annotated_is_named_with_the_stage(tiny, capsys):
    (tiny.folder / 'points.csv').write_text('image_id,x,y,class\n')
    config = write(tiny, 'LoadPoints', 'PointSeeds')
    option = f'seed_source.file={tiny.folder}/points.csv'
    assert tiny.train('--until', 'seeds', '--cfg-options', option, config=config) == 1
    said = capsys.readouterr().err
    assert "stage seeds: image 'train_0" in said and 'LoadPoints: there are no points of' in said
    assert 'Traceback' not in said


@pytest.mark.slow
def test_a_replaced_saliency_map_makes_its_stage_stale_and_says_so(tiny, capsys):
    config = write(tiny, 'LoadSaliency', 'SaliencyMap')
    folder = tiny.folder / 'saliency'
    folder.mkdir()
    options = ['--until', 'seeds', '--cfg-options', f'seed_source.folder={folder}']
    assert tiny.train('--dry-run', *options, config=config) == 0  # makes the images
    for path in (tiny.folder / 'data').glob('train-*/images/*.png'):
        write_grey(folder / path.name, 0)
    assert tiny.train(*options, config=config) == 0
    moved = folder.rename(tiny.folder / 'moved')
    options[-1] = f'seed_source.folder={moved}'
    for path in moved.iterdir():
        path.touch()
    assert tiny.train(*options, config=config) == 0
    write_grey(path, 200)
    capsys.readouterr()
    assert tiny.train(*options, config=config) == 1
    said = capsys.readouterr().err
    assert 'stage seeds' in said and '--redo seeds' in said
    assert 'files of test_dataloader.dataset.pipeline[1] (LoadSaliency)' in said


SPREAD = """
_base_ = ['./seeded.py', '{root}/configs/_base_/stages/refined.py']
pipeline = ['seeds', 'refined', 'pseudo_labels']
refined_from = '@seeds/scores'
label_scores = '@refined/scores'
_regions = dict(type='SLIC', num_segments=3000)
refiners = [dict(type='wsss.SuperpixelVote', mode='soft', superpixels=_regions)]
refined = dict(test_dataloader=dict(num_workers=1))
pseudo_labels = dict(model=dict(labeler=dict(type='wsss.ArgMax')))
"""


@pytest.mark.slow
def test_points_spread_over_superpixels_and_leave_the_rest_unlabelled(tiny):
    from wsss.engine.cli import test_main

    write(tiny, 'SimulatePoints', 'PointSeeds')
    config = tiny.folder / 'spread.py'
    config.write_text(SPREAD.format(root=ROOT))
    options = ['--cfg-options', 'seed_source.allow_missing=True']
    assert tiny.train(*options, config=config) == 0
    stores = [ScoreStore(tiny.folder / 'run' / s / 'scores') for s in ('seeds', 'refined')]
    paths = sorted((tiny.folder / 'run/pseudo_labels/masks').iterdir())
    assert len(paths) == 24
    for path in paths:
        seeds, spread = (store.read(path.stem).planes().amax(0) > 0 for store in stores)
        labelled = np.array(Image.open(path)) != 255
        assert (labelled == spread.numpy()).all()
        assert seeds.sum() <= labelled.sum() < labelled.size
    target = ['--work-dir', str(tiny.folder / 'run'), *options]
    assert test_main([str(config), *target]) == 0
    figures = json.loads((tiny.folder / 'run/pseudo_labels/test.json').read_text())
    assert figures['annotation_source'] == ['simulated points']
    assert figures['metrics'] == tiny.summary()['pseudo_labels']['metrics']
