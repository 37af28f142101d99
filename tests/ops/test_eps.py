# SPDX-License-Identifier: Apache-2.0
"""Saliency as supervision of class maps."""

import math

import pytest
import torch

from wsss.ops.eps import ROUTINGS, eps_loss, overlap_ratio


@pytest.fixture
def drawn():
    """Logits of background and three classes, saliency, labels and validity of three images."""
    random = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(3, 4, 3, 5, generator=random, dtype=torch.float64)
    saliency = torch.rand(3, 1, 3, 5, generator=random, dtype=torch.float64)
    labels = torch.tensor([[1.0, 0, 1], [0, 0.3, 0], [0, 0, 0]])
    valid = torch.rand(3, 1, 3, 5, generator=random, dtype=torch.float64)
    valid[..., 0] = 0
    return logits, saliency, labels, valid


def slow_loss(logits, saliency, labels, tau, lam, routing, valid):
    error = total = 0.0
    for z, s, y, v in zip(*(x.tolist() for x in (logits, saliency, labels, valid))):
        cells = [(i, j) for i in range(len(z[0])) for j in range(len(z[0][0]))]
        p = {}
        for i, j in cells:
            powers = [math.exp(own[i][j]) for own in z]
            p[i, j] = [power / sum(powers) for power in powers]
        fg, bg = [], [0]
        for k, label in enumerate(y, 1):
            inside = whole = 0.0
            for i, j in cells:
                a, b = p[i, j][k], s[0][i][j]
                if routing == 'hard':
                    a, b = round(a), round(b)
                inside += v[0][i][j] * a * b
                whole += v[0][i][j] * a
            if label > 0:
                (fg if inside / (whole + 1e-4) > tau else bg).append(k)
        for i, j in cells:
            front, back = (sum(p[i, j][k] for k in group) for group in (fg, bg))
            m = lam * front + (1 - lam) * (1 - back)
            error += v[0][i][j] * (m - s[0][i][j]) ** 2
            total += v[0][i][j]
    return error / total


@pytest.mark.parametrize('routing', ROUTINGS)
@pytest.mark.parametrize(('tau', 'lam'), [(0.4, 0.5), (0.6, 0.9), (0.2, 1.0)])
def test_the_loss_is_that_of_a_loop_over_cells_and_classes(drawn, routing, tau, lam):
    logits, saliency, labels, valid = drawn
    found = eps_loss(logits, saliency, labels, tau, lam, routing, valid)
    expected = slow_loss(logits, saliency, labels, tau, lam, routing, valid)
    assert found.item() == pytest.approx(expected, rel=1e-9)
    whole = slow_loss(logits, saliency, labels, tau, lam, routing, torch.ones_like(valid))
    found = eps_loss(logits, saliency, labels, tau, lam, routing)
    assert found.item() == pytest.approx(whole, rel=1e-9)


def test_the_worked_example_by_hand():
    logits = torch.tensor([[[[2.0, 0]], [[0, 3]], [[0, 0]]]], dtype=torch.float64)
    saliency = torch.tensor([[[[0.0, 1.0]]]])
    labels = torch.ones(1, 2)
    overlap = overlap_ratio(logits.softmax(1)[:, 1:], saliency)
    torch.testing.assert_close(
        overlap, torch.tensor([[1 / 1.0001, 0]], dtype=torch.float64), rtol=0, atol=1e-12
    )
    # the second class joins the background, so both terms are the first class alone
    left, right = 1 / (math.exp(2) + 2), math.exp(3) / (math.exp(3) + 2)
    expected = (left**2 + (1 - right) ** 2) / 2
    assert expected == pytest.approx(0.0097722, abs=1e-7)
    assert eps_loss(logits, saliency, labels).item() == pytest.approx(expected, abs=1e-12)


def test_masked_cells_have_no_part_in_loss_and_gradient(drawn):
    logits, saliency, labels, valid = drawn
    valid = (valid > 0).double()
    logits.requires_grad_()
    found = eps_loss(logits, saliency, labels, valid=valid)
    (gradient,) = torch.autograd.grad(found, logits)
    assert (gradient[..., 0] == 0).all() and (gradient[..., 1:] != 0).any()
    assert found.item() == pytest.approx(
        eps_loss(logits[..., 1:], saliency[..., 1:], labels).item(), rel=1e-12
    )


def test_without_labels_nothing_is_foreground(drawn):
    logits, saliency, labels, _ = drawn
    found = eps_loss(logits, saliency, torch.zeros_like(labels), lam=0.5)
    expected = ((1 - logits.softmax(1)[:, :1]) / 2 - saliency).square().mean()
    assert found.item() == pytest.approx(expected.item())


def test_while_no_class_is_sure_of_a_cell_only_soft_routing_has_a_foreground():
    logits, labels = torch.zeros(1, 3, 2, 2), torch.ones(1, 2)
    saliency = torch.ones(1, 1, 2, 2)
    assert overlap_ratio(logits.softmax(1)[:, 1:], saliency).tolist() == [[0, 0]]
    assert eps_loss(logits, saliency, labels).item() == pytest.approx(1)
    soft = eps_loss(logits, saliency, labels, routing='soft')
    assert soft.item() == pytest.approx(1 / 9)


@pytest.mark.parametrize('routing', ROUTINGS)
@pytest.mark.parametrize('scale', [0.0, 1e4])
def test_it_is_never_nan(drawn, routing, scale):
    logits, saliency, labels, valid = drawn
    for own in (None, valid, torch.zeros_like(valid)):
        maps = (logits.float() * scale).requires_grad_()
        found = eps_loss(maps, saliency.float(), labels, routing=routing, valid=own)
        found.backward()
        assert found.isfinite() and maps.grad.isfinite().all()
    assert found.item() == 0
