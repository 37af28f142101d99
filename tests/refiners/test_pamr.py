# SPDX-License-Identifier: Apache-2.0
"""PAMR against a pixel-by-pixel form of its formula."""

import math
import statistics

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.local_affinity import (
    average_by_affinity,
    colour_affinity,
    local_spread,
    neighbour_offsets,
)
from wsss.refiners import PAMR
from wsss.structures import ScoreMaps


def slow(image, maps, dilations, iterations, softness):
    channels, height, width = image.shape
    offsets = neighbour_offsets(dilations)

    def at(plane, y, x):
        return float(plane[min(max(y, 0), height - 1), min(max(x, 0), width - 1)])

    weights = {}
    for y in range(height):
        for x in range(width):
            distance = [0.0] * len(offsets)
            for plane in image:
                around = [at(plane, y + dy, x + dx) for dy, dx in offsets]
                here = float(plane[y, x])
                spread = statistics.stdev(around + [here] * len(dilations))
                for n, value in enumerate(around):
                    distance[n] += abs(here - value) / (1e-8 + softness * spread) / channels
            near = min(distance)
            e = [math.exp(near - one) for one in distance]
            weights[y, x] = [one / sum(e) for one in e]
    for _ in range(iterations):
        maps = np.array([
            [[sum(w * at(plane, y + dy, x + dx) for w, (dy, dx) in zip(weights[y, x], offsets))
              for x in range(width)] for y in range(height)]
            for plane in maps
        ])  # fmt: skip
    return maps


def test_it_equals_the_slow_form():
    rng = np.random.default_rng(0)
    image, maps = rng.random((3, 6, 7)), rng.random((2, 6, 7))
    expected = slow(image, maps, (1, 3), 3, 0.1)
    affinity = colour_affinity(torch.from_numpy(image)[None], (1, 3))
    found = average_by_affinity(torch.from_numpy(maps)[None], affinity, (1, 3), 3)[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_affinities_sum_to_one_and_a_flat_picture_is_averaged_evenly():
    affinity = colour_affinity(torch.full((1, 3, 5, 6), 0.5), (1, 2))
    torch.testing.assert_close(affinity, torch.full_like(affinity, 1 / 16))
    affinity = colour_affinity(torch.rand(2, 3, 5, 6), (1, 2, 4))
    torch.testing.assert_close(affinity.sum(1), torch.ones(2, 5, 6))
    assert float(local_spread(torch.full((1, 1, 3, 3), 0.2), (1,)).max()) < 1e-6


def test_images_of_a_batch_do_not_mix():
    images, maps = torch.rand(2, 3, 8, 9), torch.rand(2, 4, 8, 9)
    both = average_by_affinity(maps, colour_affinity(images, (1, 2)), (1, 2), 4)
    for i in range(2):
        own = colour_affinity(images[i : i + 1], (1, 2))
        alone = average_by_affinity(maps[i : i + 1], own, (1, 2), 4)
        torch.testing.assert_close(both[i : i + 1], alone)


def test_labels_follow_the_discs_and_values_keep_their_range(image, maps):
    y, x = np.mgrid[:48, :64]
    truth = torch.from_numpy((x - 46) ** 2 + (y - 28) ** 2 <= 144)

    def iou(maps, threshold=0.4):
        found = maps.resized().scores[1] > threshold
        return float((found & truth).sum() / (found | truth).sum())

    refined = PAMR(dilations=(1, 2, 4))(image, maps)
    assert iou(refined) > iou(maps)
    assert refined.background is None
    full = maps.resized().scores
    assert float(refined.scores.max()) <= float(full.max()) + 1e-6
    assert float(refined.scores.min()) >= float(full.min()) - 1e-6


def test_background_is_refined_with_the_classes(image, maps):
    background = 1 - maps.scores.amax(dim=0)
    with_one = ScoreMaps(maps.keys, maps.scores, maps.size, background)
    refined = PAMR(iterations=2)(image, with_one)
    torch.testing.assert_close(refined.scores, PAMR(iterations=2)(image, maps).scores)
    assert refined.background.shape == (48, 64)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (dict(dilations=()), 'PAMR.dilations'),
        (dict(dilations=(0, 1)), 'PAMR.dilations'),
        (dict(iterations=-1), 'PAMR.iterations'),
        (dict(softness=0), 'PAMR.softness'),
    ],
)
def test_unusable_values_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        PAMR(**arguments)
