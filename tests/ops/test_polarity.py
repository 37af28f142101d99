# SPDX-License-Identifier: Apache-2.0
"""Figures that tell a map from its negative."""

import pytest
import torch

from wsss.ops.polarity import center_excess, correlation, frame_mean


def blob(size=7):
    maps = torch.zeros(1, size, size)
    maps[:, 2:5, 2:5] = 1
    return maps


def test_the_frame_of_a_blob_is_empty_and_that_of_its_negative_full():
    maps = torch.cat([blob(), 1 - blob()])
    assert frame_mean(maps).tolist() == [0, 1]


def test_the_frame_is_four_cells_of_twenty_eight():
    maps = torch.zeros(1, 28, 28)
    maps[:, 4:24, 4:24] = 1
    assert float(frame_mean(maps)) == 0
    maps[:, 3] = 1
    assert float(frame_mean(maps)) == pytest.approx(28 / (28 * 28 - 20 * 20))


def test_the_middle_of_a_blob_exceeds_its_mean():
    # 8 x 8, middle 4 x 4
    maps = torch.zeros(1, 8, 8)
    maps[:, 3:5, 3:5] = 1
    assert float(center_excess(maps)) == pytest.approx(4 / 16 - 4 / 64)
    assert float(center_excess(1 - maps)) == pytest.approx(-(4 / 16 - 4 / 64))


def test_correlation_of_a_map_with_itself_its_negative_and_a_flat_one():
    noise = torch.rand(1, 5, 6, generator=torch.Generator().manual_seed(0))
    maps = torch.cat([noise, 1 - noise, torch.full((1, 5, 6), 0.3)])
    assert correlation(maps, noise.expand(3, 5, 6)).tolist() == pytest.approx([1, -1, 0], abs=1e-4)
