# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torch.nn.functional as F

from wsss.ops import cell_products
from wsss.ops.association import (
    associate,
    superpixel_affinity,
    superpixel_pool,
    superpixel_regions,
    superpixel_sizes,
    superpixel_unpool,
    walk_superpixels,
)

CELL = 3
GRID = (4, 5)


def shares(batch=2, dtype=torch.float64, grid=GRID, cell=CELL):
    generator = torch.Generator().manual_seed(0)
    size = (batch, 9, grid[0] * cell, grid[1] * cell)
    logits = 2 * torch.randn(size, generator=generator, dtype=torch.float64)
    return associate(logits.to(dtype), cell)


def dense(q, cell=CELL):
    """Return Q ``(N, pixels, superpixels)``, pixel by pixel."""
    batch, _, height, width = q.shape
    rows, columns = height // cell, width // cell
    full = q.new_zeros(batch, height * width, rows * columns)
    for y in range(height):
        for x in range(width):
            for k in range(9):
                row, column = y // cell + k // 3 - 1, x // cell + k % 3 - 1
                if 0 <= row < rows and 0 <= column < columns:
                    full[:, y * width + x, row * columns + column] = q[:, k, y, x]
    return full


def dense_affinity(q, cell=CELL):
    full = dense(q, cell)
    return full.mT @ full / full.sum(1)[:, :, None].clamp(min=1e-8)


def as_dense(affinity):
    """Return affinities ``(N, 25, h, w)`` as ``(N, h w, h w)``."""
    batch, _, rows, columns = affinity.shape
    full = affinity.new_zeros(batch, rows * columns, rows * columns)
    for y in range(rows):
        for x in range(columns):
            for k in range(25):
                row, column = y + k // 5 - 2, x + k % 5 - 2
                if 0 <= row < rows and 0 <= column < columns:
                    full[:, y * columns + x, row * columns + column] = affinity[:, k, y, x]
                else:
                    assert (affinity[:, k, y, x] == 0).all()
    return full


def test_shares_sum_to_1_and_none_leaves_the_image():
    q = shares()
    assert torch.allclose(q.sum(1), torch.ones(()).double(), atol=1e-12)
    assert torch.allclose(dense(q).sum(2), torch.ones(()).double(), atol=1e-12)
    assert (q[:, :3, :CELL] == 0).all() and (q[:, 2::3, :, -CELL:] == 0).all()


def test_one_cell_is_its_own_superpixel():
    q = associate(torch.randn(1, 9, 4, 4), 4)
    assert (q[:, 4] == 1).all() and q.sum() == 16
    assert torch.allclose(superpixel_affinity(q, 4)[0, 12], torch.ones(1, 1))


@pytest.mark.parametrize('strip', [1, 2 * 7 * 2 * CELL * 15, cell_products.STRIP])
def test_operators_are_those_of_the_dense_matrix(monkeypatch, strip):
    """Whether cells are laid out row by row, three rows and the last one, or all at once."""
    monkeypatch.setattr(cell_products, 'STRIP', strip)
    q, features = shares(), torch.randn(2, 7, 12, 15, dtype=torch.float64)
    full, values = dense(q), torch.randn(2, 7, *GRID, dtype=torch.float64)
    sizes = full.sum(1)
    assert torch.allclose(superpixel_sizes(q, CELL).flatten(1), sizes, atol=1e-12)
    pooled = superpixel_pool(features, q, CELL).flatten(2)
    expected = features.flatten(2) @ full / sizes[:, None]
    assert torch.allclose(pooled, expected, atol=1e-12)
    unpooled = superpixel_unpool(values, q, CELL).flatten(2)
    assert torch.allclose(unpooled, values.flatten(2) @ full.mT, atol=1e-12)
    affinity = as_dense(superpixel_affinity(q, CELL))
    assert torch.allclose(affinity, dense_affinity(q), rtol=0, atol=1e-12)


def test_operators_are_those_of_the_dense_matrix_without_a_mask_too():
    """Shares that leave the image are lost in both forms."""
    q = torch.rand(1, 9, 12, 15, dtype=torch.float64).softmax(1)
    affinity = superpixel_affinity(q, CELL)
    assert affinity.sum(1).min() < 0.9
    assert torch.allclose(as_dense(affinity), dense_affinity(q), rtol=0, atol=1e-12)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_rows_of_affinities_sum_to_1_and_balance(dtype, tolerance):
    q = shares(dtype=dtype)
    affinity, sizes = superpixel_affinity(q, CELL), superpixel_sizes(q, CELL)
    assert (affinity.sum(1) - 1).abs().max() < tolerance
    flow = as_dense(affinity) * sizes.flatten(1)[:, :, None]
    assert torch.allclose(flow, flow.mT, atol=10 * tolerance)


def test_constants_pass_pool_unpool_and_walk():
    q = shares()
    ones = torch.ones(2, 1, 12, 15, dtype=torch.float64)
    pooled = superpixel_pool(ones, q, CELL)
    assert torch.allclose(pooled, torch.ones(()).double(), atol=1e-12)
    assert torch.allclose(superpixel_unpool(pooled, q, CELL), ones, atol=1e-12)
    walked = walk_superpixels(superpixel_affinity(q, CELL), pooled, 30)
    assert torch.allclose(walked, pooled, atol=1e-12)


def test_pooling_what_was_unpooled_is_one_step_of_a_walk():
    q, values = shares(), torch.randn(2, 3, *GRID, dtype=torch.float64)
    found = superpixel_pool(superpixel_unpool(values, q, CELL), q, CELL)
    walked = walk_superpixels(superpixel_affinity(q, CELL), values, 1)
    assert torch.allclose(found, walked, atol=1e-12)


def test_hard_shares_give_back_what_was_unpooled():
    q, values = torch.zeros(1, 9, 12, 15), torch.randn(1, 2, *GRID)
    q[:, 4] = 1
    assert torch.equal(superpixel_unpool(values, q, CELL), F.interpolate(values, scale_factor=CELL))
    assert torch.allclose(superpixel_pool(superpixel_unpool(values, q, CELL), q, CELL), values)


@pytest.mark.parametrize('steps', [0, 1, 5])
def test_walk_is_the_power_of_the_dense_matrix(steps):
    q, values = shares(), torch.rand(2, 4, *GRID, dtype=torch.float64)
    power = torch.linalg.matrix_power(dense_affinity(q), steps)
    expected = (power @ values.flatten(2).mT).mT
    found = walk_superpixels(superpixel_affinity(q, CELL), values, steps)
    assert torch.allclose(found.flatten(2), expected, atol=1e-12)


def test_pixels_left_out_count_nowhere():
    q, features = shares(), torch.randn(2, 3, 12, 15, dtype=torch.float64)
    valid = torch.ones(2, 1, 12, 15, dtype=torch.float64)
    valid[..., 9:] = 0
    masked = q * valid
    changed = torch.where(valid == 0, torch.full_like(features, 1e6), features)
    pooled = superpixel_pool(changed, masked, CELL)
    assert torch.allclose(pooled, superpixel_pool(features, masked, CELL), atol=1e-12)
    assert (pooled[..., 4] == 0).all()  # of which no pixel is left
    rows = superpixel_affinity(masked, CELL).sum(1)
    assert torch.allclose(rows[..., :4], torch.ones(()).double(), atol=1e-12)
    assert (rows[..., 4] == 0).all()


@pytest.mark.parametrize('grid', [(1, 1), (3, 1), (1, 2)])
def test_walks_on_narrow_grids(grid):
    q, values = shares(grid=grid), torch.rand(2, 3, *grid, dtype=torch.float64)
    expected = (dense_affinity(q) @ values.flatten(2).mT).mT
    found = walk_superpixels(superpixel_affinity(q, CELL), values, 1)
    assert torch.allclose(found.flatten(2), expected, atol=1e-12)


def test_gradients_in_all_arguments():
    q = shares(1, grid=(2, 3), cell=2).requires_grad_()
    features = torch.randn(1, 2, 4, 6, dtype=torch.float64, requires_grad=True)
    values = torch.randn(1, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    calls = [
        (lambda f, a: superpixel_pool(f, a, 2), (features, q)),
        (lambda v, a: superpixel_unpool(v, a, 2), (values, q)),
        (lambda a: superpixel_affinity(a, 2), (q,)),
        (lambda v, a: walk_superpixels(superpixel_affinity(a, 2), v, 3), (values, q)),
    ]
    for call, inputs in calls:
        assert torch.autograd.gradcheck(call, inputs, fast_mode=True)
    for call, inputs in calls[:2]:
        assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True)


def test_frozen_shares_get_no_gradient():
    q, features = shares(), torch.randn(2, 3, 12, 15, dtype=torch.float64, requires_grad=True)
    superpixel_pool(features, q, CELL).sum().backward()
    weights = (dense(q) / dense(q).sum(1, keepdim=True)).sum(2).view(2, 1, 12, 15)
    assert torch.allclose(features.grad, weights.expand(-1, 3, -1, -1), atol=1e-12)
    assert q.grad is None


def test_autocast_does_not_lower_the_precision():
    q, features = shares(dtype=torch.float32), torch.rand(2, 3, 12, 15)

    def run():
        pooled = superpixel_pool(features, q, CELL)
        walked = walk_superpixels(superpixel_affinity(q, CELL), pooled, 2)
        return superpixel_unpool(walked, q, CELL)

    expected = run()
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(run(), expected)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    cell = 16
    q = shares(1, torch.float32, (2, 2), cell)
    features = torch.rand(1, 3, 32, 32).to(dtype)
    found = superpixel_pool(features, q, cell)
    assert found.dtype == torch.float32
    assert torch.allclose(found, superpixel_pool(features.float(), q, cell))


@pytest.mark.parametrize(
    'call, words',
    [
        (lambda q: associate(torch.zeros(1, 9, 10, 12), 4), 'multiples of 4'),
        (lambda q: associate(torch.zeros(1, 8, 12, 12), 4), r'\(N, 9, H, W\)'),
        (lambda q: superpixel_pool(torch.zeros(2, 3, 12, 12), q, CELL), 'not those of the assoc'),
        (lambda q: superpixel_unpool(torch.zeros(2, 3, 5, 5), q, CELL), '4 x 5 superpixels'),
        (lambda _: walk_superpixels(torch.zeros(2, 25, 4, 5), torch.zeros(2, 1, 4, 5), -1), '-1'),
        (lambda _: walk_superpixels(torch.zeros(2, 25, 4, 4), torch.ones(2, 1, 4, 5), 1), 'scor'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(shares())


def test_regions_are_the_largest_shares():
    logits = torch.randn(2, 9, 6, 9, generator=torch.Generator().manual_seed(4))
    q = associate(logits, 3)
    found = superpixel_regions(q, 3)
    for n, y, x in torch.cartesian_prod(torch.arange(2), torch.arange(6), torch.arange(9)).tolist():
        k = max(range(9), key=lambda k: q[n, k, y, x])
        expected = (y // 3 + k // 3 - 1) * 3 + x // 3 + k % 3 - 1
        assert found[n, y, x] == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_a_gpu_gives_what_a_cpu_gives():
    def all_of(device):
        q = shares(dtype=torch.float32).to(device).requires_grad_()
        maps = torch.rand(2, 3, *q.shape[2:], generator=torch.Generator().manual_seed(1))
        maps = maps.to(device).requires_grad_()
        pooled = superpixel_pool(maps, q, CELL)
        affinity = superpixel_affinity(q, CELL)
        walked = walk_superpixels(affinity, pooled, 5)
        unpooled = superpixel_unpool(walked, q, CELL)
        unpooled.square().sum().backward()
        return [t.detach().cpu() for t in (pooled, affinity, walked, unpooled, maps.grad, q.grad)]

    for ours, theirs in zip(all_of('cuda'), all_of('cpu')):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('of_maps, of_q', [(torch.float64, torch.float32), (torch.float16,) * 2])
def test_arguments_of_two_precisions_are_taken_in_the_higher(of_maps, of_q):
    q = shares(dtype=of_q)
    maps = torch.rand(2, 3, *q.shape[2:], dtype=torch.float64).to(of_maps)
    higher = torch.promote_types(torch.promote_types(of_maps, of_q), torch.float32)
    pooled = superpixel_pool(maps, q, CELL)
    assert pooled.dtype == superpixel_unpool(pooled.to(of_maps), q, CELL).dtype == higher
    expected = superpixel_pool(maps.double(), q.double(), CELL)
    assert torch.allclose(pooled.double(), expected, atol=1e-6)
