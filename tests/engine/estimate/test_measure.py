# SPDX-License-Identifier: Apache-2.0
"""Operations and memory of steps small enough to count by hand."""

import torch
from torch import nn

from wsss.engine.estimate.measure import AllocationMeter, measure


def test_operations_of_a_convolution_are_those_counted_by_hand():
    model = nn.Conv2d(3, 8, 3, padding=1)
    image = torch.rand(2, 3, 10, 12)

    def forward():
        with torch.no_grad():
            model(image)
        return 1.0

    # two for each of 2 images x 8 channels x 10 x 12 places x 3 x 3 x 3 weights
    assert measure(forward, model).flops == 2 * 2 * 8 * 10 * 12 * 27


def test_backward_pass_counts_the_gradients_of_weights_and_input():
    model = nn.Conv2d(3, 8, 3, padding=1)
    image = torch.rand(2, 3, 10, 12, requires_grad=True)

    def step():
        model(image).sum().backward()
        return 1.0

    assert measure(step, model).flops == 3 * 2 * 2 * 8 * 10 * 12 * 27


def test_of_a_sparse_matrix_only_what_is_stored_is_multiplied():
    matrix, right, bias = torch.eye(50).to_sparse_csr(), torch.rand(50, 3), torch.rand(50, 3)

    def products():
        matrix @ right
        torch.addmm(bias, matrix, right)
        torch.addmm(bias, matrix.to_dense(), right)
        return 1.0

    assert measure(products, nn.Identity()).flops == 2 * 50 * 3 + 2 * 50 * 3 + 2 * 50 * 50 * 3


def test_memory_is_that_of_the_tensors_alive_at_a_time():
    model = nn.Linear(10, 10, bias=False)
    with AllocationMeter(model) as meter:
        assert meter.live == 400
        first = torch.zeros(100)
        view = first.view(10, 10)
        assert meter.live == 800
        second = view + 1
        assert meter.live == 1200
        del first, view
        assert meter.live == 800
        del second
    assert (meter.live, meter.peak) == (400, 1200)


def test_activations_kept_for_the_backward_pass_are_counted():
    model = nn.Sequential(nn.Linear(10, 10, bias=False), nn.Sigmoid(), nn.Sigmoid())
    image = torch.zeros(5, 10)
    with AllocationMeter(model) as meter:
        output = model(image)
        assert meter.live == 400 + 3 * 200 - 200  # that of the layer itself is not needed again
        del output
    assert meter.live == 400


def test_momentum_that_the_first_step_makes_is_part_of_the_peak():
    model = nn.Linear(100, 100, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    image = torch.rand(1, 100)

    def step():
        model(image).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        return 10.0

    found = measure(step, model)
    assert found.seconds == 10.0
    assert found.kept == 2 * 40_000
    # weights, gradients and momentum, and a little for the activations
    assert 3 * 40_000 < found.peak <= 4 * 40_000 + 2000
