# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError
from wsss.models import KernelHead


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_release_and_its_later_form_have_their_sizes():
    release = KernelHead(2048, last_activation=True)
    assert count(release.layers) == (
        9 * 2176 * 1024 + 1024 + 9 * 1024 * 256 + 256 + 9 * 256 * 128 + 128 + 128 * 18 + 18
    )
    assert [layer.out_channels for layer in release.encoder if hasattr(layer, 'stride')] == [
        32, 32, 64, 128, 128,
    ]  # fmt: skip
    light = KernelHead(2048, reduce=128, hidden=(128,), kernel_size=1)
    assert 290_000 < count(light.layers) + count(light.reduce) < 310_000


@pytest.mark.parametrize('cell', [2, 4, 8])
def test_one_kernel_for_each_cell_and_group(cell):
    head = KernelHead(6, cell=cell, groups=3, hidden=(8,))
    found = head(torch.rand(2, 6, 3, 4), torch.rand(2, 9, 3 * cell, 4 * cell))
    assert found.shape == (2, 3, 9, 3, 4)


def test_the_backbone_is_not_trained_by_the_kernels():
    head, features = KernelHead(6, cell=2, hidden=(8,)), torch.rand(2, 6, 3, 4, requires_grad=True)
    q = torch.rand(2, 9, 6, 8, requires_grad=True)
    head(features, q).square().sum().backward()
    assert features.grad is None and q.grad.abs().max() > 0
    assert all(p.grad.abs().max() > 0 for p in head.layers.parameters())


@pytest.mark.parametrize('mode, mixes', [('zeros', False), ('reflect', False), ('circular', True)])
def test_only_circular_padding_mixes_opposite_borders(mode, mixes):
    torch.manual_seed(0)
    head = KernelHead(2, cell=4, hidden=(8,), kernel_size=1, padding_mode=mode).eval()
    q = torch.rand(1, 9, 16, 48)
    changed = q.clone()
    changed[..., 40:] += 1
    features = torch.rand(1, 2, 4, 12)
    left, other = (head(features, x)[..., :2] for x in (q, changed))
    assert torch.allclose(left, other) is not mixes


def test_a_stride_that_is_not_the_cell_is_refused():
    head = KernelHead(6, cell=4, hidden=(8,))
    with pytest.raises(ConfigError, match=r'\(24, 32\) pixels has features of \(3, 4\).*4 pixels'):
        head(torch.rand(1, 6, 3, 4), torch.rand(1, 9, 24, 32))


def test_an_image_of_one_superpixel_cannot_be_reflected():
    head = KernelHead(6, cell=4, hidden=(8,), padding_mode='reflect').eval()
    assert head(torch.rand(1, 6, 2, 2), torch.rand(1, 9, 8, 8)).shape == (1, 2, 9, 2, 2)
    with pytest.raises(ConfigError, match=r"'reflect' needs two superpixels of 4 pixels.*1 x 3"):
        head(torch.rand(1, 6, 1, 3), torch.rand(1, 9, 4, 12))


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(cell=12), 'power of 2'),
        (dict(groups=0), 'KernelHead.groups'),
        (dict(padding_mode='same'), 'padding_mode'),
        (dict(hidden=(0,)), 'KernelHead.hidden'),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        KernelHead(8, **arguments)
