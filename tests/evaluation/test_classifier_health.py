# SPDX-License-Identifier: Apache-2.0
import json
import logging

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from sklearn.metrics import average_precision_score

from wsss.engine.notes import read_notes
from wsss.errors import ConfigError, DataError, StageError
from wsss.evaluation import ClassifierHealth, average_precision, classifier_health, health
from wsss.evaluation.health import health_table
from wsss.registry import METRICS


def run(metric, scores, labels, size=None, **extra):
    metric.dataset_meta = dict(image_classes=('cat', 'dog', 'cow'))
    for score, label in zip(scores, labels):
        sample = dict(pred_score=torch.tensor(score), gt_label=torch.tensor(label), **extra)
        metric.process(None, [sample])
    return metric.evaluate(len(scores) if size is None else size)


@pytest.mark.parametrize('levels', [3, 1000])
def test_average_precision_equals_sklearn_with_and_without_ties(levels):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, levels, (60, 7)) / levels
    targets = rng.random((60, 7)) < 0.3
    expected = average_precision_score(targets, scores, average=None)
    np.testing.assert_allclose(average_precision(scores, targets), expected, atol=1e-12)


def test_average_precision_by_hand():
    # ranks of the positives: 1 and 3 -> (1/1 + 2/3) / 2
    scores, targets = np.array([[0.9], [0.8], [0.1]]), np.array([[1], [0], [1]], bool)
    assert average_precision(scores, targets)[0] == pytest.approx(5 / 6)


def test_average_precision_without_positives_is_nan():
    assert np.isnan(average_precision(np.ones((3, 1)), np.zeros((3, 1), bool))).all()
    assert np.isnan(average_precision(np.ones((0, 2)), np.zeros((0, 2), bool))).all()


def test_average_precision_refuses_shapes_that_differ():
    with pytest.raises(ValueError, match=r'\(N, K\)'):
        average_precision(np.ones((3, 2)), np.ones((3, 1), bool))


def test_single_label_gives_plain_percent_figures():
    scores = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.4, 0.0], [0.5, 0.4, 0.1]]
    found = run(ClassifierHealth(), scores, [[0], [1], [1], [0]])
    assert found == dict(accuracy=75.0, mean_class_accuracy=75.0, worst_class_accuracy=50.0)


def test_one_more_output_than_classes_is_that_of_background_scenes():
    metric = ClassifierHealth()
    found = run(metric, [[0.1, 0.2, 0.0, 0.7], [0.0, 0.9, 0.1, 0.0]], [[0], [1]])
    assert found['accuracy'] == 50.0
    assert read_notes()['health']['without_images'] == ['cow', 'background scenes']
    # VOC: as many labels as outputs, background first
    metric.dataset_meta = dict(image_classes=('a', 'b'), classes=('background', 'a', 'b'))
    assert metric._names(3) == ['a', 'b', 'background scenes']


def test_multi_label_gives_mean_average_precision_of_known_classes():
    scores = [[0.9, 0.1, 0.3], [0.8, 0.7, 0.2], [0.1, 0.9, 0.1]]
    found = run(ClassifierHealth(), scores, [[0, 1], [1], [0]])
    assert found['mAP'] == pytest.approx((5 / 6 + (1 / 2 + 2 / 3) / 2) / 2 * 100, abs=1e-3)
    assert found['worst_class_AP'] == pytest.approx(58.3333, abs=1e-3)


def test_gt_score_is_taken_before_gt_label():
    metric = ClassifierHealth()
    found = run(metric, [[0.9, 0.1, 0.0]], [[0]], gt_score=torch.tensor([0.0, 1.0, 0.0]))
    assert found['accuracy'] == 0


def test_multi_label_can_be_forced():
    scores = [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]
    assert 'mAP' in run(ClassifierHealth(multi_label=True), scores, [[0], [1]])
    assert 'accuracy' in run(ClassifierHealth(multi_label=False), scores, [[0, 1], [1]])


def test_report_goes_to_notes_and_file_worst_class_first(tmp_path):
    scores = [[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]]
    run(ClassifierHealth(out_dir=str(tmp_path)), scores, [[0], [1]])
    report = read_notes()['health']
    assert list(report['per_class']) == ['dog', 'cat']
    assert report['per_class']['dog'] == {'accuracy': 0.0, 'images': 1}
    assert report['without_images'] == ['cow']
    assert json.loads((tmp_path / 'health.json').read_text()) == report


def test_metric_is_empty_after_evaluation_and_padding_is_cut():
    metric = ClassifierHealth()
    scores = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]
    assert run(metric, scores, [[0], [0]], size=1)['accuracy'] == 100
    assert run(metric, scores, [[0], [0]])['accuracy'] == 50


def test_uneven_ranks_give_the_order_and_figures_of_one(monkeypatch):
    rng = np.random.default_rng(1)
    scores = rng.random((7, 3)).astype(np.float32)
    targets = np.eye(3, dtype=bool)[rng.integers(0, 3, 7)]
    items = list(zip(scores, targets))
    seen = []

    class Spy(ClassifierHealth):
        def compute_metrics(self, results):
            seen.append(np.stack([score for score, _ in results]))
            return super().compute_metrics(results)

    alone, shared = Spy(), Spy()
    alone.results = list(items)
    first = alone.evaluate(7)
    shared.results = items[0::3]
    monkeypatch.setattr(
        classifier_health, 'all_gather_object', lambda own: [list(items[i::3]) for i in range(3)]
    )
    assert shared.evaluate(7) == first
    np.testing.assert_array_equal(seen[0], seen[1])


def test_prefix_is_used_only_when_given():
    scores = [[0.9, 0.1, 0.0]]
    assert 'val/accuracy' in run(ClassifierHealth(prefix='val'), scores, [[0]])


def test_table_names_classes_that_are_never_recognised():
    report = health(np.array([[0.9, 0.1, 0.0]] * 2), np.eye(3, dtype=bool)[:2], 'abc', False)
    table = health_table(report, show_worst=1)
    assert 'never recognised, their maps will be noise: b' in table
    assert 'left out: c' in table and 'and 1 better classes' in table
    assert 'accuracy 50.0' in table


def test_building_does_not_warn_about_prefixes(caplog):
    logger = MMLogger.get_instance('health-test')
    logger.propagate = True
    with caplog.at_level(logging.WARNING):
        METRICS.build(dict(type='wsss.ClassifierHealth'))
    assert 'prefix' not in caplog.text


def test_errors_say_what_to_do():
    metric = ClassifierHealth()
    with pytest.raises(DataError, match='saw no image'):
        metric.evaluate(0)
    with pytest.raises(ConfigError, match='pred_score'):
        metric.process(None, [dict(gt_label=torch.tensor([0]))])
    score = torch.ones(3)
    with pytest.raises(DataError, match='neither gt_label nor gt_score'):
        metric.process(None, [dict(pred_score=score, image_id='a')])
    with pytest.raises(DataError, match=r"'a'.*\[3\] are outside 0..2"):
        sample = dict(pred_score=score, gt_label=torch.tensor([3]), image_id='a')
        metric.process(None, [sample])
    with pytest.raises(DataError, match='gt_score has 2 classes, the classifier 3'):
        metric.process(None, [dict(pred_score=score, gt_score=torch.ones(2))])
    with pytest.raises(StageError, match='diverged'):
        run(metric, [[float('nan'), 0.0, 0.0]], [[0]])
    with pytest.raises(ConfigError, match='show_worst'):
        ClassifierHealth(show_worst=-1)
