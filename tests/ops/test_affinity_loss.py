# SPDX-License-Identifier: Apache-2.0
"""Labels of cells and the balanced loss of pairs."""

import math

import pytest
import torch

from wsss.ops.affinity_loss import affinity_loss, cell_labels
from wsss.ops.cells import from_cells, pad_to_cells, to_cells
from wsss.ops.pairs import pair_distances, pair_offsets


def test_a_cell_has_the_label_of_most_of_its_pixels():
    labels = torch.tensor([[[3, 3, 255, 255, 0], [3, 0, 255, 1, 0], [1, 1, 0, 0, 255]]])
    assert cell_labels(labels, 2).tolist() == [[[3, 255, 0], [1, 0, 255]]]


def test_loss_of_a_row_of_cells_by_hand():
    # cells 0 0 1 1 255 2, neighbours and next neighbours to the right
    labels = torch.tensor([[[0, 0, 1, 1, 255, 2]]])
    d = torch.tensor([[[[0.1, 0.2, 0.3, 0.4, 0.5, 0.0]], [[0.6, 0.7, 0.8, 0.9, 0.0, 0.0]]]])
    found = affinity_loss(d, labels, [(0, 1), (0, 2)])
    assert float(found['loss_background']) == pytest.approx(0.1 / 4, rel=1e-4)
    assert float(found['loss_foreground']) == pytest.approx(0.3 / 4, rel=1e-4)
    different = [0.2, 0.6, 0.7, 0.9]  # (1, 2), (0, 2), (1, 3), (3, 5)
    mean = sum(-math.log(1 - math.exp(-x)) for x in different) / 4
    assert float(found['loss_different']) == pytest.approx(mean / 2, rel=1e-3)


def test_without_pairs_of_a_kind_the_loss_is_zero_and_its_gradient_finite():
    features = torch.zeros(1, 4, 5, 5, requires_grad=True)
    offsets = pair_offsets(3)
    d = pair_distances(features, offsets)
    terms = affinity_loss(d, torch.full((1, 5, 5), 255), offsets)
    assert all(term.item() == 0 for term in terms.values())
    sum(affinity_loss(d, torch.arange(25).view(1, 5, 5), offsets).values()).backward()
    assert bool(torch.isfinite(features.grad).all())


def index_gather(features, labels, offsets):
    """The published way: indices of all pairs, two gathers."""
    n, c, height, width = features.shape
    flat, marks = features.flatten(2), labels.flatten(1)
    terms = {'background': [], 'foreground': [], 'different': []}
    pairs = [
        (y * width + x, (y + dy) * width + x + dx)
        for dy, dx in offsets
        for y in range(height - dy)
        for x in range(max(-dx, 0), width - max(dx, 0))
    ]
    one, two = torch.tensor(pairs).T
    a = torch.exp(-(flat[:, :, one] - flat[:, :, two]).abs().mean(1))
    m, k = marks[:, one], marks[:, two]
    valid = (m != 255) & (k != 255)
    terms['background'] = -torch.log(a)[valid & (m == k) & (m == 0)].mean() / 4
    terms['foreground'] = -torch.log(a)[valid & (m == k) & (m > 0)].mean() / 4
    terms['different'] = -torch.log(1 + 1e-5 - a)[valid & (m != k)].mean() / 2
    return terms


def test_loss_and_gradient_equal_the_gather_of_indices():
    torch.manual_seed(0)
    features = torch.randn(2, 6, 9, 8)
    labels = torch.randint(0, 4, (2, 9, 8))
    labels[labels == 3] = 255
    offsets = pair_offsets(5)
    ours, theirs = features.clone().requires_grad_(), features.clone().requires_grad_()
    found = affinity_loss(pair_distances(ours, offsets), labels, offsets)
    expected = index_gather(theirs, labels, offsets)
    for name, value in expected.items():
        torch.testing.assert_close(found[f'loss_{name}'], value, atol=1e-5, rtol=1e-5)
    sum(found.values()).backward()
    sum(expected.values()).backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-4)


def test_cells_and_back():
    maps = torch.arange(12.0).view(1, 3, 4)
    cells = to_cells(maps, 2)
    assert cells.tolist() == [[[2.5, 4.5], [8.5, 10.5]]]
    assert to_cells(maps[:, :, :3], 2).tolist() == [[[2.5, 4.0], [8.5, 10.0]]]
    assert from_cells(cells, 2, (3, 3)).shape == (1, 3, 3)
    constant = from_cells(torch.full((1, 2, 3), 0.4), 8, (13, 20))
    torch.testing.assert_close(constant, torch.full((1, 13, 20), 0.4))
    assert pad_to_cells(torch.rand(1, 3, 13, 16), 8).shape == (1, 3, 16, 16)
