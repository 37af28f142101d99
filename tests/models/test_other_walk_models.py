# SPDX-License-Identifier: Apache-2.0
"""Boundaries and neighbours as affinities, and the wide backbone."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.errors import ConfigError
from wsss.models import BoundaryNet, NeighborAffinityNet
from wsss.models.affinity.neighbor_affinity_net import NEIGHBOURS
from wsss.ops.cells import on_grid
from wsss.structures import ScoreMaps, WSSSDataSample


def boundary_net(**changes):
    torch.manual_seed(0)
    return BoundaryNet(
        **{
            'backbone': dict(type='ResNet', depth=18, out_indices=(0, 1)),
            'in_channels': (64, 128),
            **changes,
        }
    ).eval()


def neighbour_net(**changes):
    torch.manual_seed(0)
    backbone = dict(type='ResNet', depth=18)
    return NeighborAffinityNet(backbone=backbone, in_channels=512, **changes).eval()


def spread(model, scores, size):
    maps = ScoreMaps(torch.tensor([2]), scores[None], size)
    sample = WSSSDataSample(score_maps=maps)
    image = torch.zeros(3, *size, dtype=torch.uint8)
    return model.test_step(dict(inputs=[image], data_samples=[sample]))[0].score_maps


def labelled(size=(32, 32)):
    labels = torch.zeros(1, *size, dtype=torch.long)
    labels[:, :, size[1] // 2 :] = 2
    labels[:, : size[0] // 4] = 255
    return [SegDataSample(gt_sem_seg=PixelData(data=labels))]


@pytest.mark.parametrize('make', [boundary_net, neighbour_net])
def test_losses_are_finite_and_fall(make):
    model = make()  # batch norm as it is: one image is no statistic
    images = torch.rand(1, 3, 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = sum(model(images, labelled(), mode='loss').values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert model(images, labelled(), mode='loss').keys() >= {'loss_different'}


def test_scores_do_not_cross_a_boundary(monkeypatch):
    model = boundary_net()
    edges = torch.zeros(1, 8, 12)
    edges[:, :, 6] = 1
    monkeypatch.setattr(model, 'boundaries', lambda images: edges)
    scores = torch.zeros(32, 48)
    scores[:, :16] = 1
    found = spread(model, scores, (32, 48))
    assert found.background is None
    left, right = found.scores[0, :, 4:20], found.scores[0, :, 30:]
    assert float(left.min()) > 0.9 and float(right.max()) < 1e-3
    # the walk has made the left part even
    assert float(left.max() - left.min()) < 0.05


def test_scores_on_a_boundary_do_not_walk(monkeypatch):
    model = boundary_net(steps=0)
    edges = torch.full((1, 8, 8), 0.25)
    edges[:, 0, 0] = 1
    monkeypatch.setattr(model, 'boundaries', lambda images: edges)
    assert float(spread(model, torch.ones(32, 32), (32, 32)).scores[0, 0, 0]) == 0


def test_a_neighbour_is_reached_through_its_own_channel(monkeypatch):
    model = neighbour_net(steps=1, bg_power=None)
    strong, weak = 12.0, -12.0
    for direction, (dy, dx) in enumerate(NEIGHBOURS):
        logits = torch.full((1, 8, 9, 9), weak)
        logits[:, direction] = strong
        monkeypatch.setattr(model.levels, 'forward', lambda images, logits=logits: logits)
        scores = torch.zeros(9, 9)
        scores[4, 4] = 1
        found = spread(model, scores, (9, 9)).scores[0]
        # a pair is the mean of its two directions, so the way back is as strong
        reached = {(y - 4, x - 4) for y, x in (found > 0.2).nonzero().tolist()}
        assert reached == {(0, 0), (dy, dx), (-dy, -dx)}


def test_values_that_are_not_usable_are_refused():
    with pytest.raises(ConfigError, match='multiple of 4'):
        boundary_net(channels=30)


@pytest.mark.parametrize('size', [(17, 29), (40, 53), (64, 64)])
def test_coarse_levels_lie_where_the_fine_one_does(size):
    # what a level sees at the middle of its cells is their place, so it must be so afterwards
    fine = [-(-side // 4) for side in size]
    level = torch.stack(
        torch.meshgrid(*(torch.arange(-(-side // 16)) * 16 + 8.0 for side in size), indexing='ij')
    )[None]
    found = on_grid(level, fine)
    assert found.shape[-2:] == tuple(fine)
    y, x = torch.meshgrid(*(torch.arange(n) * 4 + 2.0 for n in fine), indexing='ij')
    last = level[0, :, -1, -1]
    inside = (y >= 8) & (x >= 8) & (y <= last[0]) & (x <= last[1])
    torch.testing.assert_close(found[0, 0][inside], y[inside])
    torch.testing.assert_close(found[0, 1][inside], x[inside])
