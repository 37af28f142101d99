# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from wsss.engine.notes import read_notes
from wsss.errors import ConfigError
from wsss.evaluation import ClassifierHealth
from wsss.evaluation.confusions import (
    co_occurrence,
    confusion_lines,
    confusions,
    frequent_pairs,
    predicted_classes,
)

NAMES = ('water', 'boat', 'person')


def made(*rows):
    """Return targets and predictions of rows (count, labels, predicted labels)."""
    targets, predicted = [], []
    for count, labels, seen in rows:
        targets += [[i in labels for i in range(3)]] * count
        predicted += [[i in seen for i in range(3)]] * count
    return np.array(targets), np.array(predicted)


# a boat is seen in 8 of 10 images of water without one, and in 1 of 20 images without both
TARGETS, PREDICTED = made(
    (8, {0}, {0, 1}), (2, {0}, {0}), (5, {0, 1}, {0, 1}), (1, {2}, {1, 2}), (19, {2}, {2})
)


def test_confusion_by_hand():
    found = confusions(PREDICTED, TARGETS, NAMES)
    assert found == [
        dict(present='water', predicted='boat', images=8, of=10, rate=80.0, chance=5.0, excess=7.5)
    ]


def test_confusions_equal_a_slow_form():
    generator = np.random.default_rng(0)
    targets = generator.random((200, 6)) < 0.3
    predicted = targets ^ (generator.random((200, 6)) < 0.1)
    predicted[:, 4] |= targets[:, 2] & (generator.random(200) < 0.5)
    names = 'abcdef'
    expected = {}
    for p in range(6):
        for a in range(6):
            beside = targets[:, p] & ~targets[:, a]
            neither = ~targets[:, p] & ~targets[:, a]
            if p == a:
                continue
            rate, chance = predicted[beside, a].mean(), predicted[neither, a].mean()
            pooled = predicted[beside | neither, a].mean()
            error = (pooled * (1 - pooled) * (1 / beside.sum() + 1 / neither.sum())) ** 0.5
            if rate - chance > 2 * error and predicted[beside, a].sum() >= 3:
                excess = predicted[beside, a].sum() - beside.sum() * chance
                expected[names[p], names[a]] = round(excess, 2)
    found = confusions(predicted, targets, names)
    assert {(row['present'], row['predicted']): row['excess'] for row in found} == expected
    assert (found[0]['present'], found[0]['predicted']) == ('c', 'e')
    assert [row['excess'] for row in found] == sorted(expected.values(), reverse=True)


def test_right_predictions_are_no_confusions():
    assert confusions(TARGETS, TARGETS, NAMES) == []
    assert confusions(np.zeros_like(TARGETS), TARGETS, NAMES) == []


def test_few_images_are_no_confusion():
    assert confusions(PREDICTED, TARGETS, NAMES, min_images=9) == []


def test_class_of_every_image_and_of_none_are_no_trouble():
    targets = np.array([[True, False, True]] * 5)
    predicted = np.ones_like(targets)
    assert confusions(predicted, targets, NAMES) == []


def test_labels_that_occur_together_are_counted():
    table = co_occurrence(TARGETS, NAMES)
    assert table == {'water': {'boat': 5}, 'boat': {'water': 5}}
    pairs = frequent_pairs(table, dict(water=15, boat=5, person=20), limit=3)
    assert pairs == {'boat + water': dict(images=5, share=100.0)}
    assert frequent_pairs(table, dict(water=15, boat=5), limit=0) == {}


def test_single_labels_never_occur_together():
    assert co_occurrence(np.eye(3, dtype=bool), NAMES) == {}


def test_predictions_are_the_best_class_or_those_above_the_threshold():
    scores = np.array([[0.2, 0.5, 0.7]])
    assert predicted_classes(scores, True, 0.5).tolist() == [[False, True, True]]
    assert predicted_classes(scores, False, 0.5).tolist() == [[False, False, True]]


def test_lines_name_pair_and_numbers():
    lines = confusion_lines(confusions(PREDICTED, TARGETS, NAMES), 5)
    assert lines[1] == '    boat given water: 80.0 (8 of 10 images), 5.0 without it'
    assert (
        confusion_lines([], 5) == []
        and confusion_lines(confusions(PREDICTED, TARGETS, NAMES), 0) == []
    )
    assert confusion_lines([dict(confusions(PREDICTED, TARGETS, NAMES)[0])] * 3, 1)[-1].endswith(
        'and 2 more pairs'
    )


def test_report_and_record_hold_them():
    MessageHub.get_instance('confusions_test')
    metric = ClassifierHealth(multi_label=True)
    metric.dataset_meta = dict(image_classes=NAMES)
    for target, predicted in zip(TARGETS, PREDICTED):
        score = torch.from_numpy(np.where(predicted, 0.9, 0.1))
        metric.process(None, [dict(pred_score=score, gt_score=torch.from_numpy(target).float())])
    metric.evaluate(len(TARGETS))
    notes = read_notes()
    assert notes['health']['confusions'][0]['predicted'] == 'boat'
    assert notes['health']['co_occurrence']['boat'] == {'water': 5}
    row = notes['seen_beside_others']['per_class']['boat given water']
    assert row == dict(images=8, of=10, rate=80.0, chance=5.0)
    assert notes['labels_together']['per_class'] == {'boat + water': dict(images=5, share=100.0)}


@pytest.mark.parametrize('arguments', [dict(show_confusions=-1), dict(score_threshold=2)])
def test_values_out_of_range_are_refused(arguments):
    with pytest.raises(ConfigError, match=f'ClassifierHealth.{next(iter(arguments))} must be'):
        ClassifierHealth(**arguments)
