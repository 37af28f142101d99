# SPDX-License-Identifier: Apache-2.0
import sys
from types import SimpleNamespace

import pytest
import torch

from wsss.engine.hooks import ScoreWriter
from wsss.engine.notes import read_notes
from wsss.errors import ConfigError, DataError
from wsss.evaluation import MapHealth
from wsss.structures import ScoreMaps, ScoreStore, WSSSDataSample

EXPECTED = {
    'maps/images': 5,
    'maps/maps': 5,
    'maps/blank': pytest.approx(40.0),
    'maps/area': pytest.approx((75 + 25 + 0 + 0 + 100) / 5),
}


class Images:
    metainfo = dict(image_classes=['cat', 'dog', 'cow'])

    def __init__(self, ids):
        self.ids = ids

    def __len__(self):
        return len(self.ids)

    def get_data_info(self, index):
        return dict(image_id=self.ids[index])


def maps(keys, *rows):
    scores = torch.tensor(rows).reshape(len(keys), 2, 2) if keys else torch.zeros(0, 2, 2)
    return ScoreMaps(torch.tensor(keys, dtype=torch.int16), scores, (8, 8))


@pytest.fixture
def folder(tmp_path):
    store = ScoreStore(tmp_path / 'scores')
    store.write('a', maps([0, 1], [0.0, 0.3, 0.5, 1.0], [0.0, 0.1, 0.2, 1.0]))
    store.write('b', maps([1], [0.0, 0.0, 0.0, 0.0]))
    store.write('c', maps([1], [0.0, 0.0, 0.0, 0.0]))
    store.write('d', maps([]))
    store.write('e', maps([0], [0.5, 0.5, 0.5, 0.5]))
    return tmp_path


def test_figures_by_hand(folder):
    metric = MapHealth(threshold=0.299)  # float16 of 0.3 is a little more
    metric.attach(folder, Images('abcde'))
    assert metric.evaluate(99) == EXPECTED
    assert read_notes()['blank_maps_by_class'] == {'dog': 66.67}


def test_images_that_no_batch_showed_count(folder):
    metric = MapHealth()
    metric.attach(folder, Images('ab'))
    metric.process({}, [])
    assert metric.evaluate(0)['maps/images'] == 2


def test_processes_share_the_images_and_report_the_sum(folder, monkeypatch):
    module, shares = sys.modules[MapHealth.__module__], []
    monkeypatch.setattr(module, 'get_world_size', lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(module, 'get_rank', lambda rank=rank: rank)
        metric = MapHealth(threshold=0.299)
        metric.attach(folder, Images('abcde'))
        # what the other processes have is not known yet: keep this one's share
        monkeypatch.setattr(module, 'all_reduce', lambda sums: shares.append(sums.clone()))
        metric.evaluate(5)
    assert [int(share[-1, 0]) for share in shares] == [3, 2]
    monkeypatch.setattr(module, 'all_reduce', lambda sums: sums.add_(shares[0]))
    assert metric.evaluate(5) == EXPECTED


def test_a_missing_file_is_named(folder):
    metric = MapHealth()
    metric.attach(folder, Images('ax'))
    with pytest.raises(DataError, match=r"x\.npz of image 'x' does not exist"):
        metric.evaluate(2)


def test_a_class_that_the_data_set_lacks_is_named(folder):
    ScoreStore(folder / 'scores').write('f', maps([7], [0.0, 0.0, 0.0, 1.0]))
    metric = MapHealth()
    metric.attach(folder, Images('f'))
    with pytest.raises(DataError, match=r'f\.npz holds the class ids \[7\].* 3 classes'):
        metric.evaluate(1)


def test_no_images_are_an_error(folder):
    metric = MapHealth()
    metric.attach(folder, Images(''))
    with pytest.raises(DataError, match='no images'):
        metric.evaluate(0)


def test_a_stage_without_writer_is_refused():
    with pytest.raises(ConfigError, match='wsss.ScoreWriter'):
        MapHealth().evaluate(1)


@pytest.mark.parametrize('threshold', [0, 1, -0.3])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ConfigError, match=r'must be in \(0, 1\)'):
        MapHealth(threshold=threshold)


def runner_of(folder, metrics=(), **loop):
    dataset = Images('ab')
    return SimpleNamespace(
        work_dir=str(folder),
        test_evaluator=SimpleNamespace(metrics=list(metrics)),
        test_dataloader=SimpleNamespace(dataset=dataset),
        test_loop=SimpleNamespace(**loop),
    )


def test_the_writer_stores_what_the_model_gave(tmp_path):
    sample = WSSSDataSample(metainfo=dict(image_id='a'))
    sample.score_maps = maps([1], [0.0, 0.25, 0.5, 1.0])
    for _ in range(2):
        ScoreWriter('maps').after_test_iter(runner_of(tmp_path), 0, None, [sample])
    found = ScoreStore(tmp_path / 'maps').read('a')
    assert found.keys.tolist() == [1] and found.size == (8, 8)
    assert found.scores.tolist() == [[[0, 0.25], [0.5, 1]]]
    assert [path.name for path in (tmp_path / 'maps').iterdir()] == ['a.npz']


def test_the_writer_tells_metrics_where_files_and_images_are(tmp_path):
    metric, full = MapHealth(), Images('abc')
    ScoreWriter().before_test(runner_of(tmp_path, [metric, object()]))
    assert metric.store.folder == tmp_path / 'scores' and len(metric.dataset) == 2
    ScoreWriter().before_test(runner_of(tmp_path, [metric], full_dataset=full))
    assert metric.dataset is full


def test_the_writer_refuses_a_sample_without_maps(tmp_path):
    sample = WSSSDataSample(metainfo=dict(image_id='a'))
    with pytest.raises(ConfigError, match='without score_maps or image_id'):
        ScoreWriter().after_test_iter(runner_of(tmp_path), 0, None, [sample])


@pytest.mark.parametrize('folder', ['', '/tmp/x', '../x'])
def test_the_writer_refuses_a_folder_outside_the_stage(folder):
    with pytest.raises(ConfigError, match='below the stage'):
        ScoreWriter(folder)
