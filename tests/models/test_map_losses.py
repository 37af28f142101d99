# SPDX-License-Identifier: Apache-2.0
"""Terms of a classifier that look at its maps."""

import math

import pytest
import torch

from wsss.errors import ConfigError
from wsss.models.losses import ConcentrationLoss, EntropyLoss

KINDS = [
    dict(),
    dict(level='image'),
    dict(act='sigmoid'),
    dict(classes='present'),
    dict(classes='present', act='sigmoid'),
    dict(classes='present', background=0.0),
    dict(level='image', classes='present', background=0.0),
]


@pytest.fixture
def maps():
    return torch.randn(3, 5, 6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()


@pytest.fixture
def mixed():
    """One image without classes, one with one, one mixed."""
    return torch.tensor([[0.0] * 5, [0, 0, 1, 0, 0], [0.3, 0, 0.7, 0.7, 0]])


@pytest.mark.parametrize('kind', KINDS)
def test_mixed_labels_leave_a_gradient_and_a_finite_term(maps, mixed, kind):
    found = EntropyLoss(loss_weight=1.0, **kind)(maps, mixed)
    (gradient,) = torch.autograd.grad(found, maps)
    assert 0 <= found.item() <= math.log(6 if 'background' in kind else 5)
    assert gradient.isfinite().all() and gradient.abs().max() > 1e-5


def test_entropy_of_cells_and_of_images_by_hand():
    maps = torch.zeros(1, 2, 1, 2)
    maps[0, :, 0, 0] = torch.tensor([math.log(9.0), 0.0])
    maps[0, :, 0, 1] = torch.tensor([0.0, math.log(9.0)])
    sure = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    label = torch.ones(1, 2)
    assert EntropyLoss(loss_weight=1.0)(maps, label).item() == pytest.approx(sure)
    # both cells are sure, the image is not
    image = EntropyLoss(level='image', loss_weight=1.0)
    assert image(maps, label).item() == pytest.approx(math.log(2))
    assert EntropyLoss(loss_weight=0.02)(maps, label).item() == pytest.approx(0.02 * sure)


def test_only_present_classes_compete():
    maps = torch.zeros(1, 4, 2, 2)
    label = torch.tensor([[1.0, 0, 0.5, 0]])
    present = EntropyLoss(classes='present', loss_weight=1.0)(maps, label)
    assert present.item() == pytest.approx(math.log(2))
    one = EntropyLoss(classes='present', loss_weight=1.0)(maps, torch.tensor([[1.0, 0, 0, 0]]))
    assert one.item() == pytest.approx(0, abs=1e-6)
    behind = EntropyLoss(classes='present', background=0.0, loss_weight=1.0)
    assert behind(maps, torch.tensor([[1.0, 0, 0, 0]])).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize('kind', KINDS)
def test_padding_does_not_count(maps, mixed, kind):
    valid = torch.ones(3, 1, 6, 4)
    valid[:, :, 4:] = 0
    loss = EntropyLoss(loss_weight=1.0, **kind)
    assert loss(maps, mixed, valid).item() == pytest.approx(loss(maps[:, :, :4], mixed).item())
    (gradient,) = torch.autograd.grad(loss(maps, mixed, valid), maps)
    assert (gradient[:, :, 4:] == 0).all()


def test_spread_is_weighed_by_the_shares_of_mixed_labels():
    maps = torch.full((2, 2, 8, 8), -1.0)
    maps[0, 0] = 1.0  # uniform
    maps[:, 1, 3, 3] = 1.0  # a single cell
    uniform = 2 / 3 * (1 - 1 / 64)
    labels = torch.tensor([[0.25, 0.75], [0.0, 1.0]])
    images = ConcentrationLoss(loss_weight=1.0)(maps, labels)
    assert images.item() == pytest.approx(0.25 * uniform / 2, abs=1e-6)
    classes = ConcentrationLoss(reduction='classes', loss_weight=1.0)(maps, labels)
    assert classes.item() == pytest.approx(0.25 * uniform / 2, abs=1e-6)
    assert ConcentrationLoss()(maps, labels).item() == pytest.approx(2e-4 * images.item())


def test_no_class_no_activation_and_padding_are_neutral():
    loss = ConcentrationLoss(loss_weight=1.0)
    maps = torch.full((1, 2, 4, 4), -1.0, requires_grad=True)
    found = loss(maps, torch.ones(1, 2)) + loss(maps, torch.zeros(1, 2))
    found.backward()
    assert found.item() == 0 and (maps.grad == 0).all()
    padded = torch.ones(1, 1, 4, 8)
    valid = torch.zeros(1, 1, 4, 8)
    valid[..., 0, 0] = 1
    assert loss(padded, torch.ones(1, 1), valid).item() == pytest.approx(0, abs=1e-6)


def test_a_cap_limits_what_far_cells_count():
    maps = torch.zeros(1, 1, 5, 5)
    maps[..., 0, 0] = maps[..., 4, 4] = 1.0
    label = torch.ones(1, 1)
    assert ConcentrationLoss(loss_weight=1.0)(maps, label).item() == pytest.approx(1.28)
    capped = ConcentrationLoss(cap=0.5, loss_weight=1.0)(maps, label)
    assert capped.item() == pytest.approx(0.5)


def test_half_precision_is_summed_in_single(maps, mixed):
    exact, half = EntropyLoss()(maps, mixed), EntropyLoss()(maps.bfloat16(), mixed)
    assert half.dtype == torch.float32
    assert half.item() == pytest.approx(exact.item(), rel=0.01)


@pytest.mark.parametrize(
    ('cls', 'arguments', 'key'),
    [
        (EntropyLoss, dict(level='box'), 'EntropyLoss.level'),
        (EntropyLoss, dict(act='relu'), 'EntropyLoss.act'),
        (EntropyLoss, dict(act='sigmoid', background=0.0), 'background'),
        (EntropyLoss, dict(loss_weight=-1), 'EntropyLoss.loss_weight'),
        (ConcentrationLoss, dict(cap=0), 'ConcentrationLoss.cap'),
        (ConcentrationLoss, dict(reduction='sum'), 'ConcentrationLoss.reduction'),
    ],
)
def test_refusals(cls, arguments, key):
    with pytest.raises(ConfigError, match=key.replace('(', r'\(')):
        cls(**arguments)
