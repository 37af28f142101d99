# SPDX-License-Identifier: Apache-2.0
"""The contrastive losses of class-agnostic maps."""

import math

import pytest
import torch
import torch.nn.functional as F

from wsss.ops.c2am import EPS, attract, c2am_losses, disentangle, rank_weights, repel


def vectors(similarity):
    """Return unit vectors with these cosines."""
    values, basis = torch.linalg.eigh(similarity)
    return basis * values.clamp(min=0).sqrt()


SIMILARITY = torch.tensor([[1, 0.9, 0.5], [0.9, 1, 0.6], [0.5, 0.6, 1]], dtype=torch.float64)


def test_weights_follow_the_ranks_of_a_row():
    ranks = torch.tensor([[-1, 0, 1], [0, -1, 1], [1, 0, -1]], dtype=torch.float64)
    assert torch.allclose(rank_weights(SIMILARITY, 0.25), torch.exp(-0.25 * ranks))


def test_attraction_of_three_images_by_hand():
    assert float(attract(vectors(SIMILARITY), 0.25, clamp=True)) == pytest.approx(0.24455, abs=1e-5)


def slow_losses(f, b, alpha, eps):
    """Every pair in a loop, with clamped similarities."""
    n = len(f)

    def s(u, v):
        return min(max(float(F.cosine_similarity(u, v, dim=0)), eps), 1 - eps)

    def pull(x):
        total = 0.0
        for i in range(n):
            row = [s(x[i], x[j]) for j in range(n)]
            order = sorted(range(n), key=lambda j: -float(F.cosine_similarity(x[i], x[j], dim=0)))
            for j in range(n):
                total -= math.exp(-alpha * (order.index(j) - 1)) * math.log(row[j])
        return total / n**2

    push = -sum(math.log(1 - s(b[i], f[j])) for i in range(n) for j in range(n)) / n**2
    return dict(loss_fg_attract=pull(f), loss_repel=push, loss_bg_attract=pull(b))


def test_losses_are_those_of_a_loop_over_pairs():
    generator = torch.Generator().manual_seed(0)
    f, b = (torch.rand(7, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    expected = slow_losses(f, b, 0.4, EPS)
    found = c2am_losses(f, b, 0.4, clamp=True)
    assert {k: float(v) for k, v in found.items()} == pytest.approx(expected)


def test_exchanging_the_sides_does_not_change_the_loss():
    f, b = torch.rand(2, 6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    one, two = c2am_losses(f, b), c2am_losses(b, f)
    assert float(sum(one.values())) == pytest.approx(float(sum(two.values())))


@pytest.mark.parametrize('clamp', [True, False])
def test_only_clamping_takes_the_gradient_of_equal_sides(clamp):
    side = torch.rand(1, 4, generator=torch.Generator().manual_seed(2), requires_grad=True)
    other = side.detach() * (1 + 1e-3 * torch.tensor([1.0, -1, 1, -1]))
    (gradient,) = torch.autograd.grad(repel(side, other, clamp), side)
    assert bool(torch.isfinite(gradient).all())
    assert bool((gradient == 0).all()) == clamp


def test_foreground_and_background_features_add_up_to_the_mean():
    generator = torch.Generator().manual_seed(3)
    p, x = torch.rand(2, 1, 3, 4, generator=generator), torch.rand(2, 5, 3, 4, generator=generator)
    inside, outside = disentangle(p, x)
    assert torch.allclose(inside + outside, x.mean((2, 3)))
    assert torch.allclose(inside, (p * x).mean((2, 3)))


def test_losses_of_one_image_and_of_blank_features_are_finite():
    blank = torch.zeros(3, 4, requires_grad=True)
    total = sum(c2am_losses(blank, blank).values())
    total.backward()
    assert bool(torch.isfinite(total)) and bool(torch.isfinite(blank.grad).all())
    one = torch.rand(1, 4, generator=torch.Generator().manual_seed(4))
    assert all(bool(torch.isfinite(v)) for v in c2am_losses(one, one).values())
