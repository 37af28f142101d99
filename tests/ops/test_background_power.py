# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch

from wsss.ops.background_power import background_power, power_to_threshold, threshold_to_power

TABLE = {1: 0.500, 2: 0.382, 4: 0.276, 8: 0.188, 16: 0.123, 24: 0.094, 32: 0.077}


@pytest.mark.parametrize('alpha, threshold', TABLE.items())
def test_threshold_of_a_power_is_that_of_the_published_table(alpha, threshold):
    value = power_to_threshold(alpha)
    assert round(value, 3) == threshold
    assert (1 - value) ** alpha == pytest.approx(value, abs=1e-15)


def test_golden_ratio_for_alpha_two():
    assert power_to_threshold(2) == pytest.approx((3 - math.sqrt(5)) / 2, abs=1e-15)


@pytest.mark.parametrize('threshold', [0.01, 0.123, 0.5, 0.8, 0.99])
def test_power_of_a_threshold_is_the_inverse(threshold):
    assert power_to_threshold(threshold_to_power(threshold)) == pytest.approx(threshold, abs=1e-12)


def test_ends_of_the_range():
    assert threshold_to_power(0) == math.inf and power_to_threshold(math.inf) == 0
    assert threshold_to_power(1) == 0


def test_background_power_by_hand():
    best = torch.tensor([0.0, 0.5, 1.0])
    assert torch.equal(background_power(best, 2), torch.tensor([1.0, 0.25, 0.0]))


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match='alpha must be positive, got 0'):
        power_to_threshold(0)
    with pytest.raises(ValueError, match=r'threshold must be in \[0, 1\], got 1.5'):
        threshold_to_power(1.5)
