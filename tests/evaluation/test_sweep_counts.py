# SPDX-License-Identifier: Apache-2.0
"""The rows of a sweep are those of a loop over thresholds, images and labels."""

import csv

import numpy as np
import pytest
import torch

from wsss.evaluation.image_curve import ImageCurve
from wsss.evaluation.sweep_counts import SweepCounts
from wsss.evaluation.sweep_table import best_row, plot_table, write_table
from wsss.ops.threshold_curve import pixel_codes
from wsss.structures import ScoreMaps

CLASSES = ('background', 'cat', 'dog')
TO_LABEL = (1, 1, 2)
THRESHOLDS = (0.2, 0.45, 0.7)


def make_images():
    """Return (maps, truth, held_out) of eight images; one without dogs and cats, one all 255."""
    generator = torch.Generator().manual_seed(3)
    images = []
    for i in range(8):
        size = (20 + 3 * i, 31 - 2 * i)
        keys = torch.tensor([[0], [0, 2], [1, 2], [], [0, 1, 2]][i % 5], dtype=torch.int16)
        scores = torch.rand(len(keys), 5, 6, generator=generator)
        truth = torch.randint(0, 3, size, generator=generator).to(torch.uint8)
        if i == 2:
            truth[:] = 0
        truth[torch.rand(size, generator=generator) < 0.1] = 255
        if i == 7:
            truth[:] = 255
        images.append((ScoreMaps(keys, scores, size), truth, i % 3 == 0))
    return images


def squashed(plane):
    """Return a plane at 224 x 224, each pixel that nearest to its centre."""
    rows, columns = (((np.arange(224) + 0.5) * side / 224).astype(int) for side in plane.shape)
    return plane[np.ix_(rows, columns)]


def ious(truth, label):
    figures = []
    for i in range(len(CLASSES)):
        a, b = (truth == i), (label == i) & (truth != 255)
        union = (a | b).sum()
        figures.append((a & b).sum() / union if union else np.nan)
    return figures


def slow_row(images, threshold, part):
    """Return M4 by label, M0 by label, precision and recall, one image at a time."""
    of_images, truths, labels = [], [], []
    for maps, truth, held_out in images:
        if held_out != (part == 'held_out'):
            continue
        label = np.zeros(truth.shape, int)
        if len(maps.keys):
            score, index = maps.resized().scores.max(0)
            label = np.array([TO_LABEL[key] for key in maps.keys.tolist()])[index.numpy()]
            label[score.numpy() < np.float32(threshold)] = 0
        truth = truth.numpy()
        of_images.append(ious(squashed(truth), squashed(label)))
        truths.append(truth.ravel())
        labels.append(label.ravel())
    truth, label = np.concatenate(truths), np.concatenate(labels)
    label = label[truth != 255]
    truth = truth[truth != 255]
    hits = [((truth == i) & (label == i)).sum() for i in (1, 2)]
    precision = np.nanmean([hit / (label == i).sum() for i, hit in zip((1, 2), hits)])
    recall = np.nanmean([hit / (truth == i).sum() for i, hit in zip((1, 2), hits)])
    return np.nanmean(of_images, axis=0), ious(truth, label), precision, recall


def sweep(images):
    counts = SweepCounts(THRESHOLDS, CLASSES, TO_LABEL)
    for maps, truth, held_out in images:
        counts.update(maps, truth, held_out)
    counts.reduce()
    return counts.rows(4, 'train')


@pytest.mark.parametrize('part', ['held_out', 'rest'])
def test_rows_equal_a_loop_over_thresholds_and_images(part):
    images = make_images()
    rows = [row for row in sweep(images) if row['part'] == part]
    assert [row['Threshold'] for row in rows] == list(THRESHOLDS)
    for row in rows:
        by_image, by_label, precision, recall = slow_row(images, row['Threshold'], part)
        found = [row[f'Class {i} IoU'] for i in range(3)]
        assert found == pytest.approx(100 * by_image)
        assert row['mIoU'] == pytest.approx(100 * by_image.mean())
        assert [row[f'M0 IoU/{name}'] for name in CLASSES] == pytest.approx(
            100 * np.array(by_label)
        )
        assert row['M0 mIoU'] == pytest.approx(100 * np.mean(by_label))
        assert row['precision'] == pytest.approx(100 * precision)
        assert row['recall'] == pytest.approx(100 * recall)
        assert row['Model'] == 'epoch_4' and row['epoch'] == 4 and row['split'] == 'train'
    assert rows[0]['n_images'] == (3 if part == 'held_out' else 5)


def test_entropy_is_the_mean_over_the_images_that_have_maps():
    # images 1, 2, 4, 5, 7 are the rest; each has maps
    images = make_images()
    expected = []
    for maps, _, held_out in images:
        if not held_out and len(maps.keys):
            s = maps.scores.double().numpy()
            expected.append((-s * np.log2(s) - (1 - s) * np.log2(1 - s)).mean())
    (row, *_) = [row for row in sweep(images) if row['part'] == 'rest']
    assert row['entropy'] == pytest.approx(np.mean(expected))


def test_a_part_without_truth_has_no_rows_and_no_best():
    images = [image for image in make_images() if not image[2]]
    rows = sweep(images)
    assert {row['part'] for row in rows} == {'rest'}
    assert best_row(rows, 'held_out') is None


def test_figures_that_do_not_exist_are_none_and_empty_cells(tmp_path):
    counts = SweepCounts([0.5], CLASSES, TO_LABEL)
    maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.1, 0.2]]]), size=(1, 2))
    counts.update(maps, torch.zeros(1, 2, dtype=torch.uint8), held_out=True)
    rows = counts.rows(1, 'train')
    assert rows[0]['M0 IoU/dog'] is None and rows[0]['precision'] is None
    assert rows[0]['M0 mIoU'] == 100
    write_table(rows, tmp_path / 'sweep.csv')
    (row,) = csv.DictReader((tmp_path / 'sweep.csv').open())
    assert row['M0 IoU/dog'] == '' and row['M0 mIoU'] == '100'


def test_of_equal_rows_the_earliest_epoch_then_the_lowest_threshold_wins(tmp_path):
    rows = [
        {'Model': f'epoch_{epoch}', 'Threshold': t, 'epoch': epoch, 'part': part, 'M0 mIoU': value}
        for epoch, values in ((1, (50.0, 60.0)), (2, (60.0, None)))
        for part in ('held_out', 'rest')
        for t, value in zip((0.3, 0.6), values)
    ]
    best = best_row(rows, 'held_out')
    assert (best['epoch'], best['Threshold']) == (1, 0.6)
    plot_table(rows, tmp_path / 'sweep.png', 'two epochs')
    assert (tmp_path / 'sweep.png').read_bytes().startswith(b'\x89PNG')


def test_a_label_that_is_in_no_image_has_no_figure():
    curve = ImageCurve([0.5], num_labels=3)
    ones = torch.ones(2, 2, dtype=torch.uint8)
    for value in (0.9, 0.2):
        scores = torch.full((2, 2), value)
        curve.update_codes(pixel_codes(ones, ones, scores, curve.thresholds, 3))
    assert curve.iou('rest')[0, :2].tolist() == [0.0, 50.0]
    assert curve.iou('rest')[0, 2].isnan() and curve.iou('held_out').isnan().all()


def test_maps_that_do_not_fit_the_truth_are_an_error():
    counts = SweepCounts([0.5], CLASSES, TO_LABEL)
    maps = ScoreMaps(torch.tensor([0]), torch.rand(1, 2, 2), size=(4, 4))
    with pytest.raises(ValueError, match='must have the same shape'):
        counts.update(maps, torch.zeros(3, 4, dtype=torch.uint8))
