# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.ops.confusion import accuracy, confusion_matrix, dice, iou, joint_counts, mean_iou

TRUTH = torch.tensor([[0, 0, 0, 1], [1, 1, 2, 255]], dtype=torch.uint8)
PRED = torch.tensor([[0, 0, 1, 1], [1, 0, 255, 2]], dtype=torch.uint8)


def test_confusion_matrix_equals_counting_by_hand():
    assert confusion_matrix(TRUTH, PRED, 3).tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]


def test_joint_counts_keep_ignored_pixels_apart():
    counts = joint_counts(TRUTH, PRED, 3)
    assert counts[2, 3] == 1  # truth 2, predicted 255
    assert counts[3, 2] == 1  # truth 255, predicted 2
    assert int(counts.sum()) == TRUTH.numel()


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int64])
def test_confusion_matrix_equals_pixel_loop(dtype):
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 6, (31, 17), generator=generator).to(dtype)
    prediction = torch.randint(0, 6, (31, 17), generator=generator).to(dtype)
    truth[truth == 5], prediction[prediction == 5] = 255, 255
    expected = torch.zeros(5, 5, dtype=torch.int64)
    for t, p in zip(truth.flatten().tolist(), prediction.flatten().tolist()):
        if t != 255 and p != 255:
            expected[t, p] += 1
    assert torch.equal(confusion_matrix(truth, prediction, 5), expected)


def test_iou_dice_and_accuracy_by_hand():
    confusion = torch.tensor([[2, 1, 0], [1, 2, 0], [0, 0, 0]])
    assert iou(confusion)[:2].tolist() == [0.5, 0.5]
    assert torch.allclose(dice(confusion)[:2], torch.tensor([2 / 3, 2 / 3], dtype=torch.float64))
    assert float(accuracy(confusion)) == pytest.approx(4 / 6)


def test_class_without_pixels_is_left_out_of_the_mean():
    confusion = torch.tensor([[2, 1, 0], [1, 2, 0], [0, 0, 0]])
    assert iou(confusion)[2].isnan()
    assert float(mean_iou(confusion)) == 0.5


def test_class_that_is_only_predicted_counts_as_zero():
    confusion = torch.tensor([[2, 2], [0, 0]])
    assert iou(confusion).tolist() == [0.5, 0.0]


def test_figures_of_stacked_matrices_equal_those_of_each():
    stack = torch.randint(1, 9, (4, 3, 3), generator=torch.Generator().manual_seed(1))
    assert torch.equal(iou(stack)[2], iou(stack[2]))
    assert torch.equal(mean_iou(stack)[3], mean_iou(stack[3]))
    assert torch.equal(dice(stack)[1], dice(stack[1]))


def test_dice_follows_from_iou():
    confusion = torch.randint(1, 9, (3, 3), generator=torch.Generator().manual_seed(2))
    value = iou(confusion)
    assert torch.allclose(dice(confusion), 2 * value / (1 + value))


def test_unknown_ids_and_shapes_are_refused():
    with pytest.raises(ValueError, match=r'truth holds the label ids \[7\]; allowed are 0..2, 255'):
        confusion_matrix(torch.tensor([7]), torch.tensor([0]), 3)
    with pytest.raises(ValueError, match=r'prediction holds the label ids \[-1\]'):
        confusion_matrix(torch.tensor([0]), torch.tensor([-1]), 3)
    with pytest.raises(ValueError, match='same shape'):
        confusion_matrix(torch.zeros(2, 2).byte(), torch.zeros(2, 3).byte(), 3)
