# SPDX-License-Identifier: Apache-2.0
"""The small U-Net and its focal loss."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from wsss.engine.cli import load_config
from wsss.engine.pipeline import Pipeline
from wsss.errors import ConfigError, DataError
from wsss.models import SimpleUNet, SoftmaxFocalLoss

CONFIG = Path(__file__).resolve().parents[2] / 'configs/fully_supervised/pets_simple_unet.py'


@pytest.fixture(scope='module')
def segmentor():
    config = load_config(str(CONFIG), None).to_dict()
    model = Pipeline(config, 'x', CONFIG.parent).stage('segmentor').config['model']
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(model)


def test_the_configured_network_has_as_many_parameters_as_the_original(segmentor):
    assert sum(p.numel() for p in segmentor.parameters()) == 64_642


def test_the_configured_network_learns_with_its_loss(segmentor):
    images = torch.rand(2, 3, 16, 16)
    loss = segmentor.decode_head.loss_decode(
        segmentor.decode_head(segmentor.backbone(images)), torch.randint(0, 2, (2, 16, 16))
    )
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in segmentor.parameters())


def test_layers_follow_each_other_as_written():
    torch.manual_seed(0)
    net, images = SimpleUNet(channels=4), torch.randn(2, 3, 6, 10)
    x = F.relu(net.encoder[1](F.relu(net.encoder[0](images))))
    below = net.up(F.relu(net.bottom(F.max_pool2d(x, 2, 2))))
    expected = F.relu(net.decoder[1](F.relu(net.decoder[0](torch.cat([below, x], dim=1)))))
    (features,) = net(images)
    assert features.shape == (2, 4, 6, 10) and torch.equal(features, expected)


def test_odd_sizes_and_no_channels_are_refused():
    with pytest.raises(DataError, match='size_divisor=2'):
        SimpleUNet(channels=2)(torch.zeros(1, 3, 5, 8))
    with pytest.raises(ConfigError, match='SimpleUNet.channels'):
        SimpleUNet(channels=0)


def logits_of(probability):
    """Return logits ``(1, 2, 1, 1)`` whose softmax gives label 1 a probability."""
    return torch.tensor([1 - probability, probability], dtype=torch.float64).log()[
        None, :, None, None
    ]


def test_a_pixel_that_is_nearly_right_hardly_counts():
    loss = SoftmaxFocalLoss(gamma=2.0)(logits_of(0.9), torch.ones(1, 1, 1, dtype=torch.long))
    assert float(loss) == pytest.approx(1.05361e-3, rel=1e-5)


def test_gamma_0_is_the_cross_entropy():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 4, 5, requires_grad=True), torch.randint(0, 3, (2, 4, 5))
    target[0, 0] = 255
    ours = SoftmaxFocalLoss(gamma=0.0)(logits, target)
    theirs = F.cross_entropy(logits, target, ignore_index=255)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-6)
    (a,), (b,) = (torch.autograd.grad(loss, logits) for loss in (ours, theirs))
    assert torch.allclose(a, b, atol=1e-7)


def test_value_and_factors_equal_the_formula():
    torch.manual_seed(1)
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    target[1, 2:] = 255
    alpha, total = [0.2, 1.0, 3.0], 0.0
    p = logits.softmax(1)
    for n, y, x in torch.nonzero(target != 255).tolist():
        label = int(target[n, y, x])
        p_t = float(p[n, label, y, x])
        total -= alpha[label] * (1 - p_t) ** 1.5 * torch.tensor(p_t).log().item()
    loss = SoftmaxFocalLoss(gamma=1.5, alpha=alpha, loss_weight=2.0)(logits, target)
    assert float(loss) == pytest.approx(2 * total / int((target != 255).sum()), rel=1e-5)


def test_weights_of_pixels_are_factors():
    logits, target = torch.zeros(1, 2, 1, 2), torch.zeros(1, 1, 2, dtype=torch.long)
    whole = SoftmaxFocalLoss()(logits, target)
    half = SoftmaxFocalLoss()(logits, target, weight=torch.tensor([[[1.0, 0.0]]]))
    assert float(half) == pytest.approx(float(whole) / 2)


@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_nothing_to_count_and_certainty_have_finite_gradients(gamma):
    loss = SoftmaxFocalLoss(gamma=gamma)
    logits = torch.tensor([[0.0, 200.0], [200.0, 0.0]])[:, :, None, None].requires_grad_()
    for target in (torch.full((2, 1, 1), 255), torch.ones(2, 1, 1, dtype=torch.long)):
        value = loss(logits, target)
        (slope,) = torch.autograd.grad(value, logits)
        assert slope.isfinite().all()
        assert float(value.detach()) == (0 if 255 in target else 100)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [(dict(gamma=-1), 'SoftmaxFocalLoss.gamma'), (dict(alpha=[1, -1]), r'alpha\[1\]')],
)
def test_numbers_out_of_range_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        SoftmaxFocalLoss(**arguments)


def test_factors_must_be_one_for_each_label():
    with pytest.raises(ConfigError, match='3 factors for 2 labels'):
        SoftmaxFocalLoss(alpha=[1, 1, 1])(logits_of(0.5), torch.zeros(1, 1, 1, dtype=torch.long))
