# SPDX-License-Identifier: Apache-2.0
"""Class-agnostic maps that learn from class maps completed by erasing."""

import pytest
import torch
from mmpretrain.structures import DataSample

from wsss.errors import ConfigError
from wsss.models import ECSCCAM


def make(**kwargs):
    torch.manual_seed(0)
    config = dict(
        backbone=dict(type='ResNet', depth=18, base_channels=8, out_indices=(2, 3)),
        in_channels=(32, 64),
        output_stride=16,
        cls_head=dict(type='LinearClsHead', num_classes=3, in_channels=64),
    )
    return ECSCCAM(**{**config, **kwargs})


IMAGES = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_the_target_is_the_larger_of_the_maps_before_and_after_erasing():
    model = make(delta=0.4).eval()
    seen, plain = [], torch.rand(3, 64, 4, 4, generator=torch.Generator().manual_seed(1))
    after = torch.rand(3, 64, 4, 4, generator=torch.Generator().manual_seed(2))
    model.members[0].levels.forward = lambda images: (
        seen.append(images) or torch.cat([after[:, :32], after], dim=1)
    )
    ids = torch.tensor([2, 0, 1])
    target = model.targets(IMAGES, plain, [ids[i : i + 1] for i in range(3)])
    for image in range(3):
        weight = model.cls_head.fc.weight[ids[image]].detach()
        maps = [(weight[:, None, None] * x[image]).sum(0).relu() for x in (plain, after)]
        before, found = [m / (m.max() + 1e-5) for m in maps]
        assert torch.allclose(target[image], torch.maximum(before, found), atol=1e-5)
        assert not torch.equal(seen[0][image], IMAGES[image])
    assert not target.requires_grad


def test_an_image_of_two_classes_has_the_larger_target_and_one_of_none_has_none():
    model = make().eval()
    top = torch.rand(3, 64, 4, 4, generator=torch.Generator().manual_seed(1))
    pairs = [torch.tensor([0, 2]), torch.tensor([], dtype=torch.int64), torch.tensor([1])]
    both = model.targets(IMAGES, top, pairs)
    each = [model.targets(IMAGES[:1], top[:1], [torch.tensor([c])])[0] for c in (0, 2)]
    assert torch.allclose(both[0], torch.maximum(*each), atol=1e-5)
    assert float(both[1].abs().max()) == 0


def test_cells_in_doubt_do_not_count():
    model = make(theta_bg=0.2, theta_fg=0.6)
    target = torch.tensor([[[0.1, 0.3, 0.7, 0.6]]])
    foreground = torch.tensor([[[0.2, 0.9, 0.5, 0.6]]])
    assert float(model.masked_error(foreground, target)) == pytest.approx((0.01 + 0.04 + 0) / 3)
    doubt = torch.full((1, 1, 4), 0.4)
    assert float(model.masked_error(foreground, doubt)) == 0


def test_all_terms_train_and_only_the_map_gets_the_gradient_of_its_target():
    model = make().train()
    samples = [DataSample().set_gt_label(torch.tensor([i])) for i in range(3)]
    losses = model(IMAGES, samples, mode='loss')
    assert set(losses) == {
        'loss_fg_attract', 'loss_repel', 'loss_bg_attract', 'loss_classifier', 'loss_ecs',
    }  # fmt: skip
    losses['loss_ecs'].backward()
    assert model.cls_head.fc.weight.grad is None
    assert bool(model.members[0].head.weight.grad.any())


@pytest.mark.parametrize(
    'wrong, words',
    [
        (dict(group_by=(0, 1)), 'ECSCCAM.group_by'),
        (dict(theta_bg=0.7), 'theta_bg 0.7'),
        (dict(delta=1.0), 'ECSCCAM.delta'),
        (dict(cls_head=dict(type='LinearClsHead', num_classes=3, in_channels=32)), '64 channels'),
    ],
)
def test_bad_values_are_named(wrong, words):
    with pytest.raises(ConfigError, match=words):
        make(**wrong)


def test_erased_images_do_not_reach_the_statistics_of_batch_norm():
    model = make().train()
    norms = [m for m in model.members[0].levels.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    top = torch.rand(3, 64, 4, 4, generator=torch.Generator().manual_seed(1))
    model.targets(IMAGES, top, [torch.tensor([0])] * 3)
    assert norms and all(torch.equal(n.running_mean, b) for n, b in zip(norms, before))
    assert all(norm.training for norm in norms)
