# SPDX-License-Identifier: Apache-2.0
"""mmpretrain's losses for label sets where most classes are rare, as our classifiers use them."""

import math

import pytest
import torch
from mmpretrain.structures import DataSample

from wsss.models import CAMClassifier, SubCategoryHead
from wsss.registry import MODELS
from wsss.structures import SubCategories

ASYMMETRIC = dict(type='mmpretrain.AsymmetricLoss')
FOCAL = dict(type='mmpretrain.FocalLoss')
LOSSES = pytest.mark.parametrize('loss', [ASYMMETRIC, FOCAL], ids=['asymmetric', 'focal'])
TERMS = [dict(type='wsss.EntropyLoss'), dict(type='wsss.ConcentrationLoss')]


def asymmetric(logit, target):
    """Ridnik et al., ICCV 2021, eq. 2 to 5, of one class; a target between is put into p_t."""
    p = 1 / (1 + math.exp(-logit))
    p_t = target * p + (1 - target) * min(1 - p + 0.05, 1)
    return -((1 - p_t) ** (4 * (1 - target))) * math.log(p_t)


def focal(logit, target):
    """Lin et al., ICCV 2017, eq. 5, of one class; a target between is put into each factor."""
    p = 1 / (1 + math.exp(-logit))
    missed = target * (1 - p) + (1 - target) * p
    entropy = -target * math.log(p) - (1 - target) * math.log(1 - p)
    return (0.25 * target + 0.75 * (1 - target)) * missed**2 * entropy


FORMS = {ASYMMETRIC['type']: asymmetric, FOCAL['type']: focal}


def of_one(loss, probability, target):
    """Return the loss of one of two classes at a probability, the other being right."""
    logits = torch.stack([torch.as_tensor(probability).logit(), torch.tensor(-40.0)])
    return MODELS.build(loss)(logits[None], torch.tensor([[target, 0.0]]), avg_factor=1)


def best(loss, target):
    """Return the probability at which the loss of a target is lowest."""
    return min((i / 100 for i in range(1, 100)), key=lambda p: float(of_one(loss, p, target)))


def head_of(loss, features, samples, classes=3):
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='mmpretrain.MultiLabelLinearClsHead', num_classes=classes, in_channels=8, loss=loss
        )
    )
    head.fc.weight.data.normal_()
    return head.fc(features), head.loss((features,), samples)['loss']


@LOSSES
@pytest.mark.parametrize('soft', [False, True])
def test_a_head_sums_over_classes_and_averages_over_images(loss, soft):
    torch.manual_seed(1)
    target = (
        torch.rand(4, 3) if soft else torch.tensor([[1.0, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0]])
    )
    samples = [DataSample().set_gt_score(row) for row in target]
    logits, found = head_of(loss, torch.randn(4, 8), samples)
    form = FORMS[loss['type']]
    slow = [
        form(logit, t)
        for row, goal in zip(logits.tolist(), target.tolist())
        for logit, t in zip(row, goal)
    ]
    assert found.item() == pytest.approx(sum(slow) / 4, rel=1e-5)


def test_absent_classes_weigh_little_before_anything_is_learnt():
    at_half = {(kind, t): FORMS[kind](0.0, t) for kind in FORMS for t in (0, 1)}
    assert at_half[ASYMMETRIC['type'], 1] == pytest.approx(math.log(2))
    assert at_half[ASYMMETRIC['type'], 0] == pytest.approx(0.0245, abs=1e-4)
    assert at_half[FOCAL['type'], 1] == pytest.approx(0.0433, abs=1e-4)
    assert at_half[FOCAL['type'], 0] == pytest.approx(0.13, abs=1e-4)


@pytest.mark.parametrize(
    'loss, share', [(ASYMMETRIC, 0.13), (FOCAL, 0.75), ({**FOCAL, 'alpha': 0.5}, 0.5)]
)
def test_a_score_of_one_half_is_not_a_chance_of_one_half(loss, share):
    """Labels are 1 in this share of images that look alike."""
    p = torch.tensor(0.5, requires_grad=True)
    (share * of_one(loss, p, 1.0) + (1 - share) * of_one(loss, p, 0.0)).backward()
    assert p.grad.item() == pytest.approx(0, abs=0.01)


def test_the_score_of_an_even_chance_under_the_asymmetric_loss():
    def mean(p):
        return float(of_one(ASYMMETRIC, p, 1.0) + of_one(ASYMMETRIC, p, 0.0))

    assert min((i / 100 for i in range(1, 100)), key=mean) == 0.68


def test_the_whole_of_an_untrained_network():
    target = torch.zeros(1, 80)
    target[0, :3] = 1
    kinds = (dict(type='mmpretrain.CrossEntropyLoss', use_sigmoid=True), ASYMMETRIC)
    kinds += ({**FOCAL, 'alpha': 0.5},)
    found = [MODELS.build(kind)(torch.zeros(1, 80), target, avg_factor=1) for kind in kinds]
    assert [round(float(loss), 1) for loss in found] == [55.5, 4.0, 6.9]


def test_slopes_of_present_classes_are_those_of_the_cross_entropy():
    logits = torch.linspace(-4, 4, 9, requires_grad=True)
    found = MODELS.build(ASYMMETRIC)(logits[None], torch.ones(1, 9), avg_factor=1)
    (slope,) = torch.autograd.grad(found, logits)
    torch.testing.assert_close(slope, logits.detach().sigmoid() - 1)


@LOSSES
def test_one_class_alone_is_taken_for_an_index(loss):
    with pytest.raises(AssertionError, match='Class Index'):
        MODELS.build(loss)(torch.zeros(2, 1), torch.ones(2, 1), avg_factor=2)


def test_mixed_labels_are_not_the_mixture_of_the_losses():
    for loss in (ASYMMETRIC, FOCAL):
        mixture = 0.7 * of_one(loss, 0.6, 1.0) + 0.3 * of_one(loss, 0.6, 0.0)
        assert of_one(loss, 0.6, 0.7).item() < 0.75 * mixture.item()


def test_mixed_labels_are_learnt_as_if_they_were_hard():
    assert [best(FOCAL, t) for t in (0.3, 0.5, 0.7)] == [0.12, 0.5, 0.88]
    assert [best(ASYMMETRIC, t) for t in (0.4, 0.6)] == [0.05, 0.99]


def test_an_even_mixture_teaches_the_asymmetric_loss_nothing():
    p = torch.tensor(0.7, requires_grad=True)
    of_one(ASYMMETRIC, p, 0.5).backward()
    assert p.grad.item() == pytest.approx(0, abs=1e-6)


@LOSSES
def test_extreme_logits_have_finite_losses_and_slopes(loss):
    logits = torch.tensor([[-200.0, 200.0, -30.0, 30.0]], requires_grad=True)
    for target in (0.0, 1.0):
        found = MODELS.build(loss)(logits, torch.full((1, 4), target), avg_factor=1)
        (slope,) = torch.autograd.grad(found, logits)
        assert found.isfinite() and slope.isfinite().all()


@LOSSES
def test_terms_on_maps_are_added_to_it(loss):
    torch.manual_seed(0)
    model = CAMClassifier(
        backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
        neck=dict(type='mmpretrain.GlobalAveragePooling'),
        head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=64, loss=loss),
        map_losses=TERMS,
    )
    samples = [DataSample().set_gt_label(torch.tensor(ids)) for ids in ([0], [1, 2])]
    found = model.loss(torch.randn(2, 3, 64, 64), samples)
    assert set(found) == {'loss', 'loss_entropy', 'loss_concentration'}
    sum(found.values()).backward()
    assert model.backbone.conv1.weight.grad.isfinite().all()


@LOSSES
def test_sub_classes_have_the_same_loss(loss, tmp_path):
    table = tmp_path / 'table.json'
    SubCategories('Pets', 'train', ('cat', 'dog', 'emu'), (2, 2, 4), {}).write(table)
    head = SubCategoryHead(3, 8, str(table), sub_weight=2.0, loss=loss)
    features, target = torch.randn(4, 8), (torch.rand(4, 11) > 0.7).float()
    losses = head.loss((features,), [DataSample().set_gt_score(row) for row in target])
    module = MODELS.build(loss)
    expected = module(head.sub_fc(features), target[:, 3:], avg_factor=4)
    torch.testing.assert_close(losses['loss_sub'], 2 * 3 / 8 * expected / 3)
    torch.testing.assert_close(
        losses['loss'], module(head.fc(features), target[:, :3], avg_factor=4) / 3
    )
