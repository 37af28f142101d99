# SPDX-License-Identifier: Apache-2.0
"""Figures of superpixels by hand, and against loops over regions and pixels."""

import math

import pytest
import torch

from wsss.ops.superpixel_figures import (
    achievable_accuracy,
    boundaries,
    boundary_hits,
    boundary_reach,
    overlaps,
    undersegmentation,
)

# two regions of 2 x 3 pixels beside each other; a person's border is one pixel to the left
REGIONS = torch.tensor([[0, 0, 0, 1, 1, 1]] * 2)
SEGMENTS = torch.tensor([[0, 0, 1, 1, 1, 1]] * 2)


def test_counts_and_figures_by_hand():
    counts = overlaps(REGIONS, SEGMENTS)
    assert counts.tolist() == [[4, 2], [0, 6]]
    assert achievable_accuracy(counts) == pytest.approx(10 / 12)
    # both segments have 2 pixels too many or too few through region 0
    assert undersegmentation(counts) == pytest.approx(4 / 12)
    same = overlaps(SEGMENTS, SEGMENTS)
    assert achievable_accuracy(same) == 1 and undersegmentation(same) == 0


def test_boundaries_lie_on_both_sides():
    assert boundaries(REGIONS).int().tolist() == [[0, 0, 1, 1, 0, 0]] * 2
    assert boundaries(torch.tensor([[0, 0], [0, 1]])).int().tolist() == [[0, 1], [1, 1]]
    assert not boundaries(torch.zeros(3, 3, dtype=torch.long)).any()


def test_hits_by_hand():
    found, wanted = boundaries(REGIONS), boundaries(SEGMENTS)
    assert boundary_hits(found, wanted, 0) == 0.5  # columns 1 and 2, of which 2 is found
    assert boundary_hits(found, wanted, 1) == 1.0
    assert boundary_hits(torch.zeros_like(found), wanted, 1) == 0.0
    assert boundary_hits(found, torch.zeros_like(found), 1) == 1.0


@pytest.mark.parametrize(
    ('size', 'tolerance', 'reach'),
    [((321, 481), 0.0025, 2), ((300, 400), 0.002, 1), ((9, 9), 0, 0)],
)
def test_the_reach_is_rounded_up(size, tolerance, reach):
    assert boundary_reach(size, tolerance) == reach


def test_figures_are_those_of_loops():
    generator = torch.Generator().manual_seed(0)
    regions = torch.randint(0, 6, (7, 9), generator=generator)
    segments = torch.randint(0, 4, (7, 9), generator=generator)
    accuracy = error = 0
    for s in range(6):
        parts = [((regions == s) & (segments == g)).sum().item() for g in range(4)]
        accuracy += max(parts)
        error += sum(min(part, sum(parts) - part) for part in parts if part)
    counts = overlaps(regions, segments)
    assert achievable_accuracy(counts) == pytest.approx(accuracy / 63)
    assert undersegmentation(counts) == pytest.approx(error / 63)
    found = torch.rand(7, 9, generator=generator) > 0.8
    wanted = torch.rand(7, 9, generator=generator) > 0.6
    places = wanted.nonzero().tolist()
    hits = sum(
        any(max(abs(y - v), abs(x - u)) <= 1 for v, u in found.nonzero().tolist())
        for y, x in places
    )
    assert math.isclose(boundary_hits(found, wanted, 1), hits / len(places), rel_tol=1e-6)
