# SPDX-License-Identifier: Apache-2.0
import torch

from wsss.ops.redistribute import neighbour_shares, send_shares, take_shares

SIZE = (4, 5)


def made(channels=3):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(2, channels, *SIZE, generator=generator, dtype=torch.float64)
    logits = torch.randn(2, 9, *SIZE, generator=generator, dtype=torch.float64)
    return values, logits


def pairs():
    """Return where from, which offset, where to, for all pairs within the grid."""
    rows, columns = SIZE
    cells = [(y, x, k) for y in range(rows) for x in range(columns) for k in range(9)]
    found = [((y, x), k, (y + k // 3 - 1, x + k % 3 - 1)) for y, x, k in cells]
    return [pair for pair in found if 0 <= pair[2][0] < rows and 0 <= pair[2][1] < columns]


def test_half_precision_is_computed_in_float32():
    values, logits = (part.float() for part in made())
    shares = neighbour_shares(logits.half())
    assert shares.dtype == torch.float32
    assert torch.allclose(shares.sum(1), torch.ones(2, *SIZE), rtol=0, atol=1e-6)
    for operator in (send_shares, take_shares):
        found = operator(values.half(), shares.half())
        assert found.dtype == torch.float32
        exact = operator(values.half().double(), shares.half().double()).float()
        assert torch.allclose(found, exact, rtol=0, atol=1e-6)


def test_what_is_sent_arrives():
    values, logits = made()
    shares, arrived = logits.softmax(1), torch.zeros_like(values)
    for (y, x), k, (row, column) in pairs():
        arrived[:, :, row, column] += shares[:, None, k, y, x] * values[:, :, y, x]
    assert torch.allclose(send_shares(values, shares), arrived, rtol=0, atol=1e-12)


def test_what_is_sent_is_gathered_from_the_opposite_side():
    values, logits = made()
    shares, gathered = logits.softmax(1), torch.zeros_like(values)
    for (y, x), k, (row, column) in pairs():  # the target first
        own = shares[:, None, 8 - k, row, column]
        gathered[:, :, y, x] += own * values[:, :, row, column]
    assert torch.allclose(send_shares(values, shares), gathered, rtol=0, atol=1e-12)


def test_each_cell_takes_from_around_it():
    values, logits = made()
    shares, taken = logits.softmax(1), torch.zeros_like(values)
    for (y, x), k, (row, column) in pairs():
        taken[:, :, y, x] += shares[:, None, k, y, x] * values[:, :, row, column]
    assert torch.allclose(take_shares(values, shares), taken, rtol=0, atol=1e-12)


def test_no_value_is_lost_when_shares_go_to_cells_that_exist():
    values, logits = made()
    sums = send_shares(values, neighbour_shares(logits)).sum((2, 3))
    assert torch.allclose(sums, values.sum((2, 3)), rtol=0, atol=1e-12)


def test_constants_stay_when_each_cell_takes():
    _, logits = made()
    ones = torch.ones(2, 1, *SIZE, dtype=torch.float64)
    assert torch.allclose(take_shares(ones, neighbour_shares(logits)), ones, atol=1e-12)


def test_gradients():
    values, logits = (x[:1].requires_grad_() for x in made(2))
    for operator in (send_shares, take_shares):
        run = lambda v, z, o=operator: o(v, neighbour_shares(z))  # noqa: E731
        assert torch.autograd.gradcheck(run, (values, logits))
