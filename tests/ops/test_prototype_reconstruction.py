# SPDX-License-Identifier: Apache-2.0
"""Features rebuilt from the mean feature of each class."""

import pytest
import torch

from wsss.errors import ConfigError
from wsss.models import ReconstructionLoss
from wsss.ops.prototype_reconstruction import reconstruction_loss


@pytest.fixture
def drawn():
    """Logits of three classes, features, labels and validity; sides are no multiples of 3."""
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 7, 8, generator=random, dtype=torch.float64)
    logits[0, :, :3, :3] = -1  # a tile without any class
    features = torch.rand(2, 4, 7, 8, generator=random, dtype=torch.float64)
    labels = torch.tensor([[1.0, 0, 1], [0, 0.4, 0.6]])
    valid = torch.rand(2, 1, 7, 8, generator=random, dtype=torch.float64)
    valid[..., 6:] = 0
    return logits, features / features.norm(dim=1, keepdim=True), labels, valid


def slow_loss(logits, features, labels, tiles, least, valid):
    error = total = 0.0
    _, classes, height, width = logits.shape
    sides = (-(-height // tiles), -(-width // tiles))
    for z, f, y, v in zip(logits, features, labels, valid[:, 0]):
        fg = [z[k].relu() * (v > 0) for k in range(classes)]
        fg = [y[k] * own / (own.max() + 1e-5) for k, own in enumerate(fg)]
        shares = [1 - torch.stack(fg).amax(0), *fg]
        for tile in range(tiles**2):
            cells = [
                (i, j)
                for i in range(height)
                for j in range(width)
                if i // sides[0] * tiles + j // sides[1] == tile and v[i, j] > 0
            ]
            top = [max([float(p[cell]) for cell in cells], default=0) for p in shares]
            if top[0] < least or max(top[1:]) < least:
                continue
            prototypes = []
            for p in shares:
                whole = sum(v[cell] * p[cell] for cell in cells) + 1e-5
                prototypes.append(sum(v[c] * p[c] * f[:, c[0], c[1]] for c in cells) / whole)
            for i, j in cells:
                rebuilt = sum(p[i, j] * own for p, own in zip(shares, prototypes))
                error += float(v[i, j] * ((rebuilt - f[:, i, j]) ** 2).sum())
                total += float(v[i, j])
    return error / total


@pytest.mark.parametrize(('tiles', 'least'), [(3, 0.1), (1, 0.1), (2, 0.8)])
def test_the_loss_is_that_of_a_loop_over_tiles_cells_and_classes(drawn, tiles, least):
    logits, features, labels, valid = drawn
    found = reconstruction_loss(logits, features, labels, tiles, least, valid)
    expected = slow_loss(logits, features, labels, tiles, least, valid)
    assert found.item() == pytest.approx(expected, rel=1e-6)
    found = reconstruction_loss(logits, features, labels, tiles, least)
    expected = slow_loss(logits, features, labels, tiles, least, torch.ones_like(valid))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_it_is_zero_if_features_are_constant_in_each_segment():
    segments = torch.randint(0, 3, (1, 9, 9), generator=torch.Generator().manual_seed(0))
    masks = torch.nn.functional.one_hot(segments, 3).movedim(3, 1).double()
    colours = torch.randn(3, 5, dtype=torch.float64)
    features = torch.einsum('nkhw,kd->ndhw', masks, colours)
    labels = torch.ones(1, 2)
    found = reconstruction_loss(7 * masks[:, 1:], features, labels)
    assert 0 <= found.item() < 1e-8
    other = reconstruction_loss(7 * masks[:, 1:].roll(1, 2), features, labels)
    assert other.item() > 1e-2


def test_masked_cells_and_features_have_no_gradient(drawn):
    logits, features, labels, valid = drawn
    logits.requires_grad_()
    features.requires_grad_()
    reconstruction_loss(logits, features, labels, valid=valid).backward()
    assert (logits.grad[..., 6:] == 0).all() and (logits.grad[..., :6] != 0).any()
    assert logits.grad.isfinite().all() and features.grad is None


def test_without_labels_activation_or_cells_it_is_zero(drawn):
    logits, features, labels, valid = drawn
    for maps, target, weights in (
        (logits, labels * 0, valid),
        (-logits.abs(), labels, valid),
        (logits, labels, valid * 0),
    ):
        maps = maps.clone().requires_grad_()
        found = reconstruction_loss(maps, features, target, valid=weights)
        found.backward()
        assert found.item() == 0 and (maps.grad == 0).all()


def test_the_registered_term_weighs_it_and_asks_for_features(drawn):
    logits, features, labels, valid = (part.float() for part in drawn)
    found = ReconstructionLoss()(logits, labels, valid, features=features)
    expected = 0.3 * reconstruction_loss(logits, features, labels, valid=valid)
    assert found.item() == pytest.approx(expected.item())
    with pytest.raises(ConfigError, match='needs features of the cells'):
        ReconstructionLoss()(logits, labels)
    with pytest.raises(ConfigError, match=r'ReconstructionLoss\.tiles'):
        ReconstructionLoss(tiles=0)
