# SPDX-License-Identifier: Apache-2.0
import json

import pytest
import torch

from wsss.errors import ConfigError
from wsss.evaluation import ThresholdCurve
from wsss.evaluation.curve_plot import plot_curve
from wsss.ops.confusion import confusion_matrix, mean_iou

GRID = [0.0, 0.25, 0.5, 0.75, 1.0]


def images(count=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        size = torch.randint(5, 12, (2,), generator=generator).tolist()
        truth = torch.randint(0, 4, size, generator=generator).to(torch.uint8)
        truth[truth == 3] = 255
        label = torch.randint(1, 3, size, generator=generator).to(torch.uint8)
        yield truth, label, torch.rand(size, generator=generator)


def filled():
    curve = ThresholdCurve(GRID, num_labels=3)
    for i, image in enumerate(images()):
        curve.update(*image, held_out=i % 2 == 0)
    curve.reduce()
    return curve


@pytest.mark.parametrize(
    'part, chosen', [('all', (0, 1, 2, 3)), ('held_out', (0, 2)), ('rest', (1, 3))]
)
def test_miou_of_a_part_equals_labelling_its_images(part, chosen):
    curve, all_images = filled(), list(images())
    for index, threshold in enumerate(GRID):
        total = sum(
            confusion_matrix(truth, label.masked_fill(score < threshold, 0), 3)
            for truth, label, score in (all_images[i] for i in chosen)
        )
        assert torch.equal(curve.confusions(part)[index], total)
        expected = 100 * float(mean_iou(total))
        assert float(curve.miou(part)[index]) == expected == curve.at(threshold, part)
    assert curve.num_images(part) == len(chosen)


def test_best_is_the_maximum():
    curve = filled()
    value, miou = curve.best('rest')
    assert miou == float(curve.miou('rest').max()) == curve.at(value, 'rest')


def test_empty_curve_has_no_best():
    curve = ThresholdCurve(GRID, 3)
    assert curve.miou('all').isnan().all() and curve.num_images() == 0
    with pytest.raises(ConfigError, match="no truth in the part 'rest'"):
        curve.best('rest')
    curve.reduce()
    assert curve.to_dict()['parts'] == {}


def test_value_off_the_grid_is_refused():
    with pytest.raises(KeyError, match='0.3 is not a threshold of this curve'):
        filled().at(0.3, 'all')


def test_unknown_part_is_refused():
    with pytest.raises(ValueError, match='part must be one of all, held_out, rest'):
        filled().miou('train')
    with pytest.raises(ValueError, match='part must be one of'):
        ThresholdCurve(GRID, 3, reported='test')


def test_curve_can_be_written_and_drawn(tmp_path):
    content = filled().to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content['parts']['all']['num_images'] == 4
    content['chosen'] = dict(threshold=0.25, protocol='held_out')
    content['oracle'] = dict(threshold=0.5, mIoU=30.0)
    plot_curve(content, tmp_path / 'curve.png', 'split train')
    assert (tmp_path / 'curve.png').read_bytes().startswith(b'\x89PNG')


def test_curve_without_marks_can_be_drawn(tmp_path):
    curve = ThresholdCurve([0.5], 2)
    void = torch.full((1, 4), 255, dtype=torch.uint8)
    curve.update(void, torch.ones_like(void), torch.rand(1, 4))
    plot_curve(curve.to_dict(), tmp_path / 'curve.png')
    assert (tmp_path / 'curve.png').is_file()
