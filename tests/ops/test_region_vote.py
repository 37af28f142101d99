# SPDX-License-Identifier: Apache-2.0
"""Sums over regions against loops."""

import numpy as np
import pytest
import torch

from wsss.ops.region_vote import (
    contiguous_ids,
    elect,
    region_means,
    region_shares,
    region_sizes,
    spread,
)


@pytest.fixture(params=['blocks', 'scattered'])
def ids(request):
    if request.param == 'blocks':
        return torch.arange(12).reshape(3, 4).repeat_interleave(7, 0).repeat_interleave(5, 1)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(0, 30, (21, 20), generator=generator)
    return torch.from_numpy(contiguous_ids(drawn.numpy()))


def test_means_equal_a_loop(ids):
    planes = torch.rand(4, *ids.shape, generator=torch.Generator().manual_seed(1))
    found = region_means(planes, ids)
    for region in range(int(ids.max()) + 1):
        expected = planes[:, ids == region].double().mean(dim=1).float()
        torch.testing.assert_close(found[:, region], expected, atol=1e-7, rtol=1e-6)
    assert found.dtype == torch.float32


def test_sizes_equal_a_loop(ids):
    sizes = [int((ids == region).sum()) for region in range(int(ids.max()) + 1)]
    assert region_sizes(ids.int()).tolist() == sizes


def test_gradients_go_through_means_and_back_to_pixels(ids):
    """Each pixel counts by the inverse size of its region, and a region once for each pixel."""
    planes = torch.rand(2, *ids.shape, requires_grad=True)
    weights = torch.rand(2, *ids.shape)
    means = region_means(planes, ids)
    torch.testing.assert_close(means, region_means(planes.detach(), ids))
    means.retain_grad()
    (spread(means, ids) * weights).sum().backward()
    for region in range(int(ids.max()) + 1):
        own = ids == region
        total = weights[:, own].sum(1)
        torch.testing.assert_close(means.grad[:, region], total)
        expected = (total / own.sum())[:, None].expand(-1, int(own.sum()))
        torch.testing.assert_close(planes.grad[:, own], expected)


def test_half_and_strided_planes_are_taken(ids):
    planes = torch.rand(*ids.shape, 3).permute(2, 0, 1)
    torch.testing.assert_close(region_means(planes, ids), region_means(planes.contiguous(), ids))
    half = planes.half()
    torch.testing.assert_close(region_means(half, ids), region_means(half.float(), ids))


def test_shares_equal_a_loop_and_foreign_labels_count_for_nobody(ids):
    labels = torch.randint(0, 4, ids.shape, generator=torch.Generator().manual_seed(1))
    found = region_shares(labels, ids, 3)
    for region in range(int(ids.max()) + 1):
        own = labels[ids == region]
        expected = torch.stack([(own == label).float().mean() for label in range(3)])
        torch.testing.assert_close(found[:, region], expected)


def test_means_worked_by_hand():
    planes = torch.tensor([[[0.0, 1.0, 0.5]], [[0.2, 0.4, 0.9]]])
    ids = torch.tensor([[0, 0, 1]])
    means = region_means(planes, ids)
    torch.testing.assert_close(means, torch.tensor([[0.5, 0.5], [0.3, 0.9]]))
    torch.testing.assert_close(spread(means, ids)[1], torch.tensor([[0.3, 0.3, 0.9]]))


def test_the_winner_of_equal_scores_is_a_class_and_zeros_elect_nobody():
    means = torch.tensor([[0.4, 0.4, 0.0, 0.6], [0.4, 0.3, 0.0, 0.2], [0.4, 0.4, 0.0, 0.1]])
    expected = [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]
    assert elect(means).tolist() == expected
    assert elect(means, 0.5).tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    'ids', [[[5, 5], [2, 9]], [[-7, -7], [-9, 0]], [[10**9, 10**9], [3, 10**10]]]
)
def test_ids_keep_their_order(ids):
    assert contiguous_ids(np.array(ids)).tolist() == [[1, 1], [0, 2]]


@pytest.mark.gpu
def test_the_accelerator_gives_the_same(ids):
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    planes, labels = torch.rand(4, *ids.shape), torch.randint(0, 3, ids.shape)
    torch.testing.assert_close(
        region_means(planes.cuda(), ids.cuda()).cpu(), region_means(planes, ids)
    )
    found = region_shares(labels.cuda(), ids.cuda(), 3).cpu()
    torch.testing.assert_close(found, region_shares(labels, ids, 3))
