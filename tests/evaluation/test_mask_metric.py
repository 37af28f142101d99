# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.engine.notes import read_notes
from wsss.errors import ConfigError, DataError, StageError
from wsss.evaluation import MaskMetric
from wsss.structures import ScoreMaps, WSSSDataSample

META = dict(classes=('background', 'cat', 'dog'))


@pytest.fixture(autouse=True)
def fresh_notes():
    MessageHub.get_instance('mask_metric_test')
    MessageHub.get_current_instance().runtime_info.clear()


def sample(truth, prediction, kind=WSSSDataSample, dtype=torch.uint8, **metainfo):
    made = kind(metainfo=dict(image_id='a', **metainfo))
    if truth is not None:
        made.gt_sem_seg = PixelData(data=torch.tensor([truth], dtype=torch.uint8))
    made.pred_sem_seg = PixelData(data=torch.tensor([prediction], dtype=dtype))
    return made


def metric(**arguments):
    made = MaskMetric(**arguments)
    made.dataset_meta = META
    return made


FIRST = ([[0, 0, 0, 1], [1, 1, 0, 255]], [[0, 0, 1, 1], [1, 0, 0, 1]])
SECOND = ([[1, 1]], [[1, 255]])


def test_figures_by_hand():
    made = metric()
    made.process(None, [sample(*FIRST), sample(*SECOND)])
    # background: 3 right, 1 taken for cat; cat: 2 + 1 right, 1 taken for background, 1 unlabelled
    expected = {
        'mIoU': 60.0,
        'mDice': 75.0,
        'aAcc': 75.0,
        'coverage': 100 * 8 / 9,
        'IoU/background': 60.0,
        'IoU/cat': 60.0,
        'Dice/background': 75.0,
        'Dice/cat': 75.0,
        # one of five claimed, one of five missed, by both
        'mOver': 20.0,
        'mUnder': 20.0,
        'Over/background': 20.0,
        'Over/cat': 20.0,
        'Under/background': 20.0,
        'Under/cat': 20.0,
    }
    assert made.evaluate(2) == pytest.approx(expected)
    assert read_notes()['metric'] == 'M0' and read_notes()['images'] == 2


def test_one_matrix_for_the_split_is_not_the_mean_over_images():
    made = metric()
    made.process(None, [sample([[0, 0, 0, 0]], [[0, 0, 0, 0]]), sample([[0, 1]], [[1, 1]])])
    # background 4 of 5, cat 1 of 2
    assert made.evaluate(2)['mIoU'] == pytest.approx((80 + 50) / 2)


def test_class_that_is_only_predicted_lowers_the_mean():
    made = metric()
    made.process(None, [sample([[0, 0, 0, 0]], [[0, 0, 0, 2]])])
    figures = made.evaluate(1)
    assert figures['IoU/dog'] == 0 and figures['mIoU'] == 37.5
    assert 'IoU/cat' not in figures


@pytest.mark.parametrize('as_dict', [False, True])
def test_segmentor_samples_are_taken(as_dict):
    made = sample(*FIRST, kind=SegDataSample, dtype=torch.int64)
    expected = metric()
    expected.process(None, [sample(*FIRST)])
    found = metric()
    found.process(None, [made.to_dict() if as_dict else made])
    assert found.evaluate(1) == expected.evaluate(1)


def test_evaluator_runs_the_metric():
    evaluator = Evaluator([dict(type='wsss.MaskMetric')])
    evaluator.dataset_meta = META
    evaluator.process([sample(*FIRST)])
    assert evaluator.evaluate(1)['aAcc'] == pytest.approx(100 * 5 / 7)


@pytest.mark.parametrize('held_out, accuracy', [('exclude', 0), ('only', 100), ('include', 50)])
def test_held_out_images_are_counted_as_told(held_out, accuracy):
    made = metric(held_out=held_out)
    made.process(None, [sample([[0]], [[0]], held_out=True), sample([[0]], [[1]], held_out=False)])
    assert made.evaluate(2)['aAcc'] == accuracy
    notes = read_notes()
    if held_out == 'include':
        assert 'images_left_out' not in notes
    else:
        assert notes['images_left_out'] == 1 and notes['held_out'] == held_out


def test_images_without_truth_are_passed_over():
    made = metric()
    made.process(None, [sample(None, [[1, 1]]), sample([[0]], [[0]])])
    assert made.evaluate(2)['aAcc'] == 100
    assert read_notes()['images_without_truth'] == 1


def test_split_without_any_truth_gives_no_figures():
    made = metric()
    made.process(None, [sample(None, [[1, 1]])])
    assert made.evaluate(1) == {}
    assert read_notes()['images'] == 0


def test_evaluation_over_zero_images_is_an_error():
    with pytest.raises(StageError, match='evaluated zero images: 0 passed'):
        metric().evaluate(0)
    made = metric()
    made.process(None, [sample([[0]], [[0]], held_out=True)])
    with pytest.raises(StageError, match="1 of them with truth, none counted with held_out='excl"):
        made.evaluate(1)


def test_nothing_is_kept_after_evaluation():
    made = metric()
    for _ in range(2):
        made.process(None, [sample(*FIRST)])
        first = made.evaluate(1)
    assert first['aAcc'] == pytest.approx(100 * 5 / 7)
    assert made.results == []


def test_all_ignored_predictions_leave_only_the_coverage():
    made = metric()
    made.process(None, [sample([[0, 1]], [[255, 255]])])
    assert made.evaluate(1) == {'coverage': 0.0}


def test_prefix_is_put_before_the_names():
    made = metric(prefix='val')
    made.process(None, [sample([[0]], [[0]])])
    assert made.evaluate(1)['val/mIoU'] == 100


def test_size_or_id_that_does_not_fit_names_the_image():
    with pytest.raises(DataError, match=r"image 'a': truth \(1, 2\) and prediction \(1, 1\)"):
        metric().process(None, [sample([[0, 1]], [[0]])])
    with pytest.raises(DataError, match=r"image 'a': prediction holds the label ids \[3\]"):
        metric().process(None, [sample([[0]], [[3]])])


def test_missing_prediction_or_class_names_are_errors():
    made = sample([[0]], [[0]])
    del made.pred_sem_seg
    with pytest.raises(DataError, match="image 'a' has no pred_sem_seg"):
        metric().process(None, [made])
    with pytest.raises(ConfigError, match=r'metainfo\["classes"\]'):
        MaskMetric().process(None, [sample([[0]], [[0]])])


def test_unknown_option_is_refused():
    with pytest.raises(ConfigError, match='held_out must be one of exclude, include, only'):
        MaskMetric(held_out='skip')


def test_over_and_under_activation_tell_too_much_from_too_little():
    made = metric()
    made.process(None, [sample([[0, 0, 0, 1, 1]], [[0, 1, 1, 1, 1]])])
    figures = made.evaluate(1)
    assert figures['Over/cat'] == 50 and figures['Under/cat'] == 0
    assert figures['Over/background'] == 0
    assert figures['Under/background'] == pytest.approx(200 / 3)
    for name in ('cat', 'background'):
        parts = (figures[f'{kind}/{name}'] for kind in ('IoU', 'Over', 'Under'))
        assert sum(parts) == pytest.approx(100)


def labelled(keys, gt_label):
    made = sample([[1]], [[1]])
    scores = torch.zeros(len(keys), 1, 1)
    made.score_maps = ScoreMaps(torch.tensor(keys, dtype=torch.int16), scores, (1, 1))
    made.gt_label = torch.tensor(gt_label)
    return made


@pytest.mark.parametrize(
    'samples, expected',
    [
        ([([0], [0, 1])], 'filtered'),
        ([([0], [0]), ([0, 1], [0])], 'open'),
        ([([], [0])], 'filtered'),
    ],
)
def test_record_says_whether_labels_were_filtered_by_the_image_label(samples, expected):
    made = metric()
    made.process(None, [labelled(*each).to_dict() for each in samples])
    made.evaluate(len(samples))
    assert read_notes()['label_filter'] == expected


def test_labels_of_a_segmentor_are_open():
    made = metric()
    made.process(None, [sample([[1]], [[1]], kind=SegDataSample)])
    made.evaluate(1)
    assert read_notes()['label_filter'] == 'open'


def test_finer_labels_of_a_network_are_merged():
    made = metric(merge=(0, 1, 1))
    made.process(None, [sample([[0, 1, 1, 1]], [[2, 2, 1, 255]])])
    found = made.evaluate(1)
    assert found['IoU/cat'] == pytest.approx(100 * 2 / 3) and found['IoU/background'] == 0
    assert found['coverage'] == 75
    for bad in ((), (0, 255), (0, -1)):
        with pytest.raises(ConfigError, match='MaskMetric.merge'):
            MaskMetric(merge=bad)
