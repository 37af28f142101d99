# SPDX-License-Identifier: Apache-2.0
"""PAR against a pixel-by-pixel form; guided filter and morphology as refiners."""

import math
import statistics

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.local_affinity import (
    average_by_affinity,
    colour_position_affinity,
    neighbour_offsets,
)
from wsss.refiners import PAR, ClassMorphology, GuidedFilter
from wsss.structures import ScoreMaps


def softmax(values):
    e = [math.exp(value - max(values)) for value in values]
    return [one / sum(e) for one in e]


def slow_affinity(image, dilations, softness, weight):
    channels, height, width = image.shape
    offsets = neighbour_offsets(dilations)
    lengths = [math.hypot(*offset) for offset in offsets]
    spread = statistics.stdev(lengths)
    near = softmax([-((length / (softness * spread)) ** 2) for length in lengths])
    found = np.empty((len(offsets), height, width))
    for y in range(height):
        for x in range(width):
            likeness = [0.0] * len(offsets)
            for plane in image:
                around = [
                    plane[min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)]
                    for dy, dx in offsets
                ]
                scale = 1e-8 + softness * statistics.stdev(around)
                for n, value in enumerate(around):
                    likeness[n] -= ((plane[y, x] - value) / scale) ** 2 / channels
            found[:, y, x] = [
                (a + weight * b) / (1 + weight) for a, b in zip(softmax(likeness), near)
            ]
    return found


@pytest.mark.parametrize('weight', [0.01, 0.5])
def test_par_equals_the_slow_form(weight):
    image = np.random.default_rng(0).random((3, 6, 7))
    found = colour_position_affinity(torch.from_numpy(image)[None], (1, 3), 0.3, weight)[0]
    expected = slow_affinity(image, (1, 3), 0.3, weight)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-12)


def test_the_refiner_averages_by_that_affinity(image, maps):
    full = maps.resized()
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    affinity = colour_position_affinity(pixels, (1, 4))
    expected = average_by_affinity(full.scores[None], affinity, (1, 4), 2)[0]
    found = PAR(dilations=(1, 4), iterations=2)(image, maps)
    torch.testing.assert_close(found.scores, expected)
    assert found.background is None and float(found.scores.max()) <= float(full.scores.max()) + 1e-6


def test_labels_follow_the_discs_by_the_guided_filter(image, maps):
    y, x = np.mgrid[:48, :64]
    truth = torch.from_numpy((x - 46) ** 2 + (y - 28) ** 2 <= 144)

    def iou(maps, threshold=0.4):
        found = maps.resized().scores[1] > threshold
        return float((found & truth).sum() / (found | truth).sum())

    refined = GuidedFilter(radius=12, eps=1e-3)(image, maps)
    assert iou(refined) > iou(maps)
    covered = ScoreMaps(maps.keys, maps.scores, maps.size, 1 - maps.scores.amax(dim=0))
    found = GuidedFilter(radius=12, eps=1e-3)(image, covered)
    torch.testing.assert_close(found.scores, refined.scores)
    assert found.background.shape == (48, 64)


def test_the_radius_of_morphology_grows_with_the_image():
    maps = ScoreMaps(torch.tensor([0]), torch.zeros(1, 256, 256), (256, 256))
    maps.scores[0, 100:105, 100:105] = 1
    small = ScoreMaps(torch.tensor([0]), maps.scores[:, 68:132, 68:132].clone(), (64, 64))
    image = np.zeros((256, 256, 3), np.uint8)
    assert not ClassMorphology(radius=3)(image, maps).scores.any()
    kept = ClassMorphology(radius=3)(image[:64, :64], small)
    assert kept.scores.sum() > 0 and bool((kept.planes().sum(0) == 1).all())


def test_morphology_takes_the_background_of_the_maps_or_its_own(image, maps):
    low = ClassMorphology(bg_threshold=0.1)(image, maps).background.sum()
    high = ClassMorphology(bg_threshold=0.8)(image, maps).background.sum()
    power = ClassMorphology(bg_power=2)(image, maps).background.sum()
    assert low < power < high
    covered = ScoreMaps(maps.keys, maps.scores, maps.size, torch.full((12, 16), 0.8))
    assert ClassMorphology(bg_threshold=0.1)(image, covered).background.sum() == high


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: PAR(dilations=[0]), 'PAR.dilations'),
        (lambda: PAR(iterations=1.5), 'PAR.iterations'),
        (lambda: PAR(softness=0), 'PAR.softness'),
        (lambda: PAR(position_weight=-1), 'PAR.position_weight'),
        (lambda: GuidedFilter(radius=0), 'GuidedFilter.radius'),
        (lambda: GuidedFilter(eps=0), 'GuidedFilter.eps'),
        (lambda: ClassMorphology(radius=0), 'ClassMorphology.radius'),
        (lambda: ClassMorphology(bg_threshold=2), 'ClassMorphology.bg_threshold'),
    ],
)
def test_unusable_values_are_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
