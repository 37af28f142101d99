# SPDX-License-Identifier: Apache-2.0
"""Distances of student and teacher, by hand and by slow loops."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from wsss.ops.distill import (
    feature_distance,
    grouped_log_softmax,
    logit_divergence,
    relation_distance,
    soft_assignments,
    sub_class_divergence,
)

GROUPS = torch.tensor([0, 0, 0, 1, 2, 2])


def test_assignments_of_points_on_a_line():
    """Means 0 and 3; distances to the own one 1, 1, 1, 1: t = 1."""
    found = soft_assignments(np.array([[-1.0], [1], [2], [4]]), np.array([0, 0, 1, 1]))
    near, far = math.exp(-1 / 2), math.exp(-4 / 2)
    assert found[1] == pytest.approx([near / (near + far), far / (near + far)])
    assert found[0, 0] > found[1, 0] and np.allclose(found.sum(1), 1)


def test_assignments_far_from_zero_are_those_near_it():
    features = np.random.default_rng(0).standard_normal((30, 4))
    labels = np.arange(30) % 3
    found = soft_assignments((features + 100).astype(np.float32), labels)
    assert np.allclose(found, soft_assignments(features, labels), atol=1e-3)


def test_equal_samples_belong_to_their_mean_alone():
    found = soft_assignments(np.array([[0.0], [0], [5], [5]]), np.array([0, 0, 1, 1]))
    assert found.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]


def test_the_softmax_is_within_groups():
    logits = torch.randn(4, 6) * 5
    found = grouped_log_softmax(logits, GROUPS, 3)
    parts = [F.log_softmax(logits[:, GROUPS == g], dim=1) for g in range(3)]
    assert torch.allclose(found, torch.cat(parts, dim=1), atol=1e-6)


def test_the_softmax_of_huge_logits_is_finite():
    assert torch.isfinite(grouped_log_softmax(torch.tensor([[1e30, -1e30]]), GROUPS[:2], 1)).all()


@pytest.mark.parametrize('temperature', [1.0, 2.5])
def test_sub_class_divergence_is_that_of_a_slow_loop(temperature):
    torch.manual_seed(0)
    logits = torch.randn(5, 6)
    share = torch.tensor([[1.0, 0, 0.3], [0, 0, 0], [1, 1, 1], [0, 0.5, 0.5], [0, 0, 1]])
    q = torch.cat([torch.rand(5, int(n)).softmax(1) for n in GROUPS.bincount()], dim=1)
    teacher = q * share[:, GROUPS]
    total = 0.0
    for n in range(5):
        for g in range(3):
            p = (logits[n, GROUPS == g] / temperature).softmax(0)
            own = q[n, GROUPS == g]
            total += share[n, g] * (own * (own.log() - p.log())).sum()
    expected = temperature**2 * total / share.sum()
    found = sub_class_divergence(logits, teacher, GROUPS, 3, temperature)
    assert torch.allclose(found, expected, atol=1e-6)


def test_hard_shares_give_the_cross_entropy():
    logits = torch.randn(3, 2)
    teacher = torch.tensor([[1.0, 0], [0, 1], [1, 0]])
    expected = F.cross_entropy(logits, teacher.argmax(1))
    assert torch.allclose(sub_class_divergence(logits, teacher, GROUPS[:2] * 0, 1), expected)


@pytest.mark.parametrize('temperature', [1.0, 4.0])
def test_divergences_are_0_where_student_and_teacher_agree(temperature):
    logits = torch.randn(4, 6)
    q = (grouped_log_softmax(logits / temperature, GROUPS, 3)).exp()
    assert float(sub_class_divergence(logits, q, GROUPS, 3, temperature)) == pytest.approx(
        0, abs=1e-6
    )
    assert float(logit_divergence(logits, logits, temperature)) == 0
    assert float(feature_distance(logits, 3 * logits)) == pytest.approx(0, abs=1e-6)
    assert float(relation_distance(logits, logits @ torch.eye(6)[[2, 0, 1, 5, 4, 3]])) < 1e-12


def test_no_class_present_gives_0_with_a_gradient():
    logits = torch.randn(2, 6, requires_grad=True)
    loss = sub_class_divergence(logits, torch.zeros(2, 6), GROUPS, 3)
    loss.backward()
    assert float(loss.detach()) == 0 and not logits.grad.any()


def test_the_logit_divergence_has_the_gradient_of_the_cross_entropy():
    logits = torch.randn(4, 3, requires_grad=True)
    teacher = torch.randn(4, 3)
    target = (teacher / 2).sigmoid()
    (ours,) = torch.autograd.grad(logit_divergence(logits, teacher, 2.0), logits)
    theirs = 4 * F.binary_cross_entropy_with_logits(logits / 2, target)
    (expected,) = torch.autograd.grad(theirs, logits)
    assert torch.allclose(ours, expected, atol=1e-6)


def test_feature_and_relation_distances_by_hand():
    features, teacher = torch.tensor([[1.0, 0], [0, 2]]), torch.tensor([[3.0, 0], [3, 0]])
    assert float(feature_distance(features, teacher)) == 0.5  # cosines 1 and 0
    assert float(relation_distance(features, teacher)) == 0.5  # cosine 0 and 1 of two of four pairs
