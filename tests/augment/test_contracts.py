# SPDX-License-Identifier: Apache-2.0
"""What every registered mixing method must keep; a new one is covered by being registered."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import wsss.augment
from wsss.augment import BatchMix
from wsss.errors import ConfigError, DataError
from wsss.registry import BATCH_AUGMENTS, build

BATCH_AUGMENTS.import_from_location()
OURS = sorted(
    n for n, cls in BATCH_AUGMENTS.module_dict.items() if cls.__module__.startswith('wsss.')
)
NEEDED = {'ManifoldMixup': dict(stages=['input', '0', '1'])}


def make(name, **kwargs):
    return build(BATCH_AUGMENTS, dict(type=name, **NEEDED.get(name, {}), **kwargs), 'augment')


@pytest.fixture(params=OURS)
def name(request):
    return request.param


@pytest.fixture
def attached():
    """Return a backbone that gives its input, and what attaches an augment to it."""
    backbone = nn.Sequential(nn.Identity(), nn.Identity())

    def attach(augment):
        if hasattr(augment, 'attach'):
            augment.attach(backbone)
        return lambda images, labels: mixed(augment, images, labels)

    def mixed(augment, images, labels):
        images, labels = augment(images, labels)
        return backbone(images), labels

    return attach


def test_every_decorated_class_of_the_folder_is_registered():
    folder = Path(wsss.augment.__file__).parent
    source = '\n'.join(path.read_text() for path in sorted(folder.glob('*.py')))
    decorated = re.findall(r'@BATCH_AUGMENTS\.register_module\(\)\nclass (\w+)', source)
    assert sorted(decorated) == OURS and decorated
    assert sorted(set(wsss.augment.__all__) - {'BatchMix', 'blend'}) == OURS


def test_it_is_found_from_mmpretrain_and_has_an_example(name):
    from mmpretrain.registry import BATCH_AUGMENTS as THEIRS

    built = THEIRS.build(dict(type=f'wsss.{name}', **NEEDED.get(name, {})))
    assert isinstance(built, BatchMix)
    assert 'Example:' in type(built).__doc__


@pytest.mark.parametrize('per_sample', [False, True])
@pytest.mark.parametrize('size', [(16, 16), (9, 14), (1, 1)])
def test_images_and_labels_are_mixed_by_the_same_shares(name, attached, per_sample, size):
    """Image i is i everywhere and its label the i-th: the mean of the mix is that of the label."""
    mix = attached(make(name, per_sample=per_sample))
    for seed in range(5):
        torch.manual_seed(seed)
        images = torch.arange(6.0)[:, None, None, None].expand(6, 3, *size).contiguous()
        mixed, labels = mix(images, torch.eye(6))
        assert mixed.shape == images.shape and labels.shape == (6, 6)
        assert torch.allclose(labels.sum(1), torch.ones(6))
        assert torch.allclose(mixed.mean(dim=(1, 2, 3)), labels @ torch.arange(6.0), atol=1e-4)
        own = labels.diagonal()
        if not per_sample:
            assert own[own < 1].unique().numel() <= 1 or torch.allclose(
                own[own < 1], own[own < 1][0]
            )


def test_one_loss_on_the_mixed_label_is_the_mean_of_two(name, attached):
    torch.manual_seed(3)
    labels = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    logits = torch.randn(4, 3)
    ids = torch.arange(4.0)[:, None, None, None].expand(4, 1, 8, 8).contiguous()
    state = torch.get_rng_state()
    _, mixed = attached(make(name))(ids, labels)
    torch.set_rng_state(state)
    _, shares = attached(make(name))(ids, torch.eye(4))
    bce = nn.BCEWithLogitsLoss(reduction='none')
    terms = torch.stack([bce(logits, labels[j].expand(4, 3)).mean(1) for j in range(4)], dim=1)
    assert torch.allclose(bce(logits, mixed).mean(1), (shares * terms).sum(1), atol=1e-6)


def test_the_same_seed_mixes_alike_and_the_input_is_left_alone(name, attached):
    images, labels = torch.rand(4, 3, 12, 12), torch.eye(4)
    kept = images.clone()
    mix = attached(make(name))
    torch.manual_seed(1)
    one = mix(images, labels)
    torch.manual_seed(1)
    two = mix(images, labels)
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])
    assert torch.equal(images, kept) and torch.equal(labels, torch.eye(4))


def test_a_batch_of_one_stays_as_it_is(name, attached):
    image, label = torch.rand(1, 3, 8, 8), torch.tensor([[1.0, 0.0]])
    mixed, soft = attached(make(name))(image, label)
    assert torch.equal(mixed, image) and torch.equal(soft, label)


def test_images_without_labels_stay_without(name, attached):
    _, soft = attached(make(name))(torch.rand(4, 3, 8, 8), torch.zeros(4, 3))
    assert (soft == 0).all()


def test_labels_of_another_shape_are_refused(name):
    with pytest.raises(DataError, match=r'\(N, K\) with N = 4'):
        make(name)(torch.rand(4, 3, 8, 8), torch.zeros(4))


@pytest.mark.parametrize('alpha', [0, -1, float('nan'), 'one'])
def test_an_alpha_that_is_none_is_refused(name, alpha):
    with pytest.raises(ConfigError, match='alpha'):
        make(name, alpha=alpha)
