# SPDX-License-Identifier: Apache-2.0
"""A round of sub-category exploration, from the first classifier to the maps of the second."""

import json
import shutil

import numpy as np
import pytest

from wsss.engine.loops import SubCategoryLoop
from wsss.structures import FeatureStore, ScoreStore, SubCategories

pytestmark = pytest.mark.slow
ROUND = """
_base_ = ['./tiny.py', '{root}/configs/_base_/stages/sub_categories.py']
pipeline = ['classifier', 'features1', 'sub_categories1', 'classifier1', 'cams']
classifier = dict(train_cfg=dict(max_epochs=1))
clusterer = dict(k=2)
sub_category_soft = True
sub_category_head = dict(
    distill=[dict(type='wsss.DistillLoss', kind='soft_subclass', temperature=2.0)]
)
cams = dict(load_from='@classifier1/weights.pth',
            model=dict(_ref_='@classifier1.model', cam=dict(_delete_=True, type='wsss.CAM')))
"""


def make(tiny):
    """Make the round the config of ``tiny``."""
    from .conftest import ROOT

    tiny.config = tiny.folder / 'round.py'
    tiny.config.write_text(ROUND.format(root=ROOT))
    return tiny


@pytest.fixture(scope='module')
def run(tmp_path_factory, tiny_class):
    made = make(tiny_class(tmp_path_factory.mktemp('round')))
    assert made.train() == 0
    return made


@pytest.fixture
def featured(tmp_path, run, tiny_class):
    """A copy of the finished run up to the features."""
    made = make(tiny_class(tmp_path))
    made.config.write_text(made.config.read_text() + f"data_root = '{run.folder / 'data'}'\n")
    for stage in ('classifier', 'features1'):
        shutil.copytree(run.folder / 'run' / stage, tmp_path / 'run' / stage)
    return made


def table_of(made):
    return SubCategories.read(made.folder / 'run/sub_categories1/sub_categories.json')


def test_every_image_has_features_and_one_sub_class_for_each_of_its_classes(run):
    folder = run.folder / 'run/features1/features'
    files = sorted(folder.glob('*.npy'))
    assert (
        len(files) == 24 and len({FeatureStore(folder).read(f.stem).tobytes() for f in files}) > 1
    )
    table = table_of(run)
    assert sorted(table.images) == [path.stem for path in files]
    for class_id, count in enumerate(table.counts):
        subs = {row[class_id] for row in table.images.values() if class_id in row}
        assert subs == set(range(count)) and count <= 2
        assert all(
            np.isclose(sum(row[class_id]), 1, atol=1e-3)
            for row in table.soft.values()
            if class_id in row
        )


def test_the_record_shows_whose_images_were_clustered_and_how(run):
    record = json.loads((run.folder / 'run/sub_categories1/record.json').read_text())
    assert record['split'] == 'train' and record['transductive'] is False
    assert record['clusterer']['type'] == 'wsss.KMeans' and record['clusterer']['k'] == 2
    assert record['metrics']['sub_categories'] == table_of(run).total
    assert record['images'] == 24


def test_maps_of_the_second_classifier_are_of_the_classes_of_the_images(run):
    store = ScoreStore(run.folder / 'run/cams/scores')
    table = table_of(run)
    for image_id, row in table.images.items():
        assert store.read(image_id).keys.tolist() == sorted(row)


def test_clustering_that_was_stopped_goes_on_with_the_next_class(featured, run, monkeypatch):
    cluster, made = SubCategoryLoop._cluster, []

    def stop(self, class_id):
        made.append(class_id)
        if made == [0, 1, 2]:
            raise KeyboardInterrupt
        return cluster(self, class_id)

    monkeypatch.setattr(SubCategoryLoop, '_cluster', stop)
    assert featured.train('--stage', 'sub_categories1') != 0
    assert not (featured.folder / 'run/sub_categories1/sub_categories.json').exists()
    assert featured.train('--stage', 'sub_categories1') == 0
    assert made == [0, 1, 2, 2, 3, 4]
    pattern = 'sub_categories1/*s.json'
    assert featured.files(pattern) == run.files(pattern) != {}


def test_two_ranks_make_the_table_and_features_of_one(featured, run):
    done = featured.launch(
        2, '--from', 'features1', '--until', 'sub_categories1', '--redo', 'features1'
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = (
        FeatureStore(made.folder / 'run/features1/features') for made in (featured, run)
    )
    for image_id in table_of(run).images:
        assert np.allclose(ours.read(image_id), theirs.read(image_id), atol=1e-4)
    assert table_of(featured).images == table_of(run).images


def test_images_that_are_not_trained_on_are_clustered_only_when_that_is_said(featured, capsys):
    options = [
        'features1.test_dataloader.dataset._ref_=@data/val',
        'sub_categories1.test_dataloader.dataset._ref_=@data/val',
    ]
    target = ['--until', 'sub_categories1', '--redo', 'features1', '--cfg-options', *options]
    assert featured.train(*target) != 0
    assert "split 'val', the training images are 'train'" in capsys.readouterr().err
    assert featured.train(*target, 'sub_categories1.test_cfg.transductive=True') == 0
    assert table_of(featured).transductive and table_of(featured).split == 'val'
    assert featured.summary()['sub_categories1']['transductive'] is True


def test_a_class_of_one_image_and_a_class_of_none_are_no_error(featured):
    """Of the first two images."""
    options = ['--cfg-options', 'sub_categories1.test_dataloader.dataset.indices=2']
    assert featured.train('--stage', 'sub_categories1', *options) == 0
    table = table_of(featured)
    assert len(table.images) == 2 and 0 in table.counts and 1 in table.counts
