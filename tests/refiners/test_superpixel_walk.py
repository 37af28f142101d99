# SPDX-License-Identifier: Apache-2.0
"""The walk between superpixels."""

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError
from wsss.refiners import SuperpixelVote, SuperpixelWalk
from wsss.structures import ScoreMaps
from wsss.superpixels import BaseSuperpixels


class Columns(BaseSuperpixels):
    """Four columns of two pixels each."""

    def compute(self, image, image_id):
        return np.broadcast_to(np.arange(image.shape[1]) // 2, image.shape[:2])


def maps():
    scores = torch.tensor([1.0, 1, 0, 0, 0, 0, 0, 0]).expand(1, 3, 8)
    return ScoreMaps(torch.tensor([4]), scores, (3, 8))


def image():
    picture = np.zeros((3, 8, 3), np.uint8)
    picture[:, 4:] = 255
    return picture


def test_scores_reach_regions_of_one_colour_and_no_others():
    found = SuperpixelWalk(Columns(), softness=3, steps=64)(image(), maps()).scores[0]
    expected = torch.tensor([0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]).expand(3, 8)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_one_step_by_hand():
    found = SuperpixelWalk(Columns(), softness=3, steps=1)(image(), maps()).scores[0, 0]
    # each of the two dark columns sees itself and the other, with weight 1
    torch.testing.assert_close(found, torch.tensor([0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]))


def test_across_borders_pixels_walk_whatever_their_colour():
    found = SuperpixelWalk(Columns(), steps=1, affinity='borders')(image(), maps()).scores[0, 0]
    # of the 6 pixels of a column, 3 have a neighbour in the next, to which one of four goes
    expected = torch.tensor([0.875, 0.875, 0.125, 0.125, 0, 0, 0, 0])
    torch.testing.assert_close(found, expected)
    # at rest all columns have the same: sizes are equal
    found = SuperpixelWalk(Columns(), steps=512, affinity='borders')(image(), maps()).scores
    torch.testing.assert_close(found, torch.full((1, 3, 8), 0.25), atol=1e-4, rtol=0)


def test_no_steps_are_the_vote():
    vote = SuperpixelVote(Columns())(image(), maps())
    walk = SuperpixelWalk(Columns(), steps=0)(image(), maps())
    torch.testing.assert_close(walk.scores, vote.scores)


def test_background_walks_along():
    given = maps()
    given = ScoreMaps(given.keys, given.scores, given.size, 1 - given.scores[0])
    found = SuperpixelWalk(Columns(), steps=5)(image(), given)
    torch.testing.assert_close(found.scores[0] + found.background, torch.ones(3, 8))


def test_values_that_are_not_usable_are_refused():
    for wrong in (dict(softness=0), dict(steps=-1), dict(steps=1.5), dict(affinity='lab')):
        with pytest.raises(ConfigError, match=f'SuperpixelWalk.{next(iter(wrong))}'):
            SuperpixelWalk(**wrong)
