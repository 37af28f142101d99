# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.ops.confusion import confusion_matrix
from wsss.ops.threshold_curve import confusions_at, score_histogram, thresholds_reached


def naive(truth, label, score, thresholds, num_labels):
    """Label anew at every threshold."""
    return torch.stack(
        [
            confusion_matrix(truth, label.masked_fill(score < float(t), 0), num_labels)
            for t in thresholds
        ]
    )


def test_histogram_of_a_hand_made_image():
    truth = torch.tensor([[0, 1, 1, 255]], dtype=torch.uint8)
    label = torch.tensor([[1, 1, 2, 1]], dtype=torch.uint8)
    score = torch.tensor([[0.3, 0.5, 0.1, 0.9]])
    histogram = score_histogram(truth, label, score, torch.tensor([0.2, 0.5]), 3)
    assert histogram.shape == (3, 3, 3) and histogram.dtype == torch.int64
    assert {tuple(index) for index in histogram.nonzero().tolist()} == {
        (0, 1, 1),  # 0.3 reaches 0.2
        (1, 1, 2),  # 0.5 reaches both: only a smaller score is background
        (1, 2, 0),  # 0.1 reaches none
    }
    confusions = confusions_at(histogram)
    assert confusions[0].tolist() == [[0, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert confusions[1].tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize('count', [1, 2, 101, 1000])
@pytest.mark.parametrize('seed', range(3))
def test_curve_equals_labelling_at_every_threshold(count, seed):
    generator = torch.Generator().manual_seed(seed)
    size = (90, 70)  # above the size from which the look-up is used
    thresholds = torch.linspace(0, 1, count, dtype=torch.float64)
    truth = torch.randint(0, 5, size, generator=generator).to(torch.uint8)
    truth[truth == 4] = 255
    label = torch.randint(1, 4, size, generator=generator).to(torch.uint8)
    score = torch.rand(size, generator=generator)
    # scores that lie on, just below and just above a threshold
    exact = thresholds.float()[torch.randint(0, count, size, generator=generator)]
    score[::3] = exact[::3]
    score[1::9] = torch.nextafter(exact, torch.tensor(0.0))[1::9]
    score[2::9] = torch.nextafter(exact, torch.tensor(2.0))[2::9]
    found = confusions_at(score_histogram(truth, label, score, thresholds, 4))
    step = max(1, count // 40)
    assert torch.equal(found[::step], naive(truth, label, score, thresholds[::step], 4))


@pytest.mark.parametrize(
    'thresholds',
    [
        [0.3],
        [0.1, 0.10001, 0.9],
        [0.0, 1e-30, 1.0],
        [0.0, 0.05, 0.15000001, 0.15000004, 0.5],
        [-3.0, 0.2, 7.0],
    ],
)
def test_look_up_equals_comparison_for_every_float(thresholds):
    thresholds = torch.tensor(thresholds)
    special = torch.tensor(
        [0.0, -0.0, 1.0, 1e-45, -1e-45, 1e38, -1e38, torch.inf, -torch.inf, 1e-30, 0.999999]
    )
    around = torch.cat([torch.nextafter(thresholds, torch.tensor(v)) for v in (-9.0, 9.0)])
    score = torch.cat([special, thresholds, around]).repeat(300)
    expected = (~(score[:, None] < thresholds)).sum(1)
    assert score.numel() > 4096
    assert torch.equal(thresholds_reached(score, thresholds).long(), expected)
    assert torch.equal(thresholds_reached(score[:40], thresholds).long(), expected[:40])


def test_nan_is_not_below_any_threshold():
    score = torch.full((5000,), 0.3)
    score[7] = torch.nan
    reached = thresholds_reached(score, torch.tensor([0.2, 0.5]))
    assert reached[7] == 2 and reached[8] == 1


def test_histograms_of_images_add_up():
    generator = torch.Generator().manual_seed(3)
    truth = torch.randint(0, 3, (2, 8, 8), generator=generator).to(torch.uint8)
    label = torch.randint(1, 3, (2, 8, 8), generator=generator).to(torch.uint8)
    score = torch.rand(2, 8, 8, generator=generator)
    grid = torch.tensor([0.2, 0.4])
    parts = [score_histogram(*image, grid, 3) for image in zip(truth, label, score)]
    whole = score_histogram(truth.flatten(0, 1), label.flatten(0, 1), score.flatten(0, 1), grid, 3)
    assert torch.equal(parts[0] + parts[1], whole)


def test_label_zero_is_background_at_threshold_zero():
    image = torch.zeros(1, 2, dtype=torch.uint8)
    histogram = score_histogram(image + 1, image, torch.zeros(1, 2), torch.tensor([0.0]), 2)
    assert confusions_at(histogram)[0].tolist() == [[0, 0], [2, 0]]


def test_bad_input_is_refused():
    image, score = torch.zeros(2, 2, dtype=torch.uint8), torch.zeros(2, 2)
    grid = torch.tensor([0.1, 0.2])
    with pytest.raises(ValueError, match='same shape'):
        score_histogram(image, image[:1], score, grid, 2)
    with pytest.raises(ValueError, match='strictly increasing'):
        score_histogram(image, image, score, grid.flip(0), 2)
    with pytest.raises(ValueError, match='T >= 1'):
        score_histogram(image, image, score, grid[:0], 2)
    with pytest.raises(ValueError, match=r'truth holds the label ids \[9\]'):
        score_histogram(image + 9, image, score, grid, 2)
    with pytest.raises(ValueError, match='label holds ids 5..5; allowed are 0..1'):
        score_histogram(image, image + 5, score, grid, 2)
