# SPDX-License-Identifier: Apache-2.0
"""The modes of the vote by hand, and where its regions come from."""

import cv2
import numpy as np
import pytest
import torch

from wsss.datasets.transforms import Refine
from wsss.errors import ConfigError, DataError
from wsss.pseudo_labels.labelers import ArgMax
from wsss.refiners import SuperpixelVote
from wsss.structures import ScoreMaps
from wsss.superpixels import BaseSuperpixels


class Thirds(BaseSuperpixels):
    def compute(self, image, image_id):
        return np.broadcast_to(np.arange(image.shape[1]) * 3 // image.shape[1], image.shape[:2])


IMAGE = np.zeros((1, 6, 3), np.uint8)
SCORES = torch.tensor([[[0.9, 0.2, 0.2, 0.3, 0.0, 0.1]], [[0.3, 0.3, 0.1, 0.5, 0.1, 0.0]]])
MAPS = ScoreMaps(torch.tensor([1, 4]), SCORES, (1, 6))
COVERED = ScoreMaps(MAPS.keys, SCORES, (1, 6), torch.tensor([[0.4, 0.4, 0.2, 0.2, 0.9, 0.9]]))


def labels(maps):
    return ArgMax()(maps, range(1, 6)).tolist()


def test_soft_keep_gives_every_pixel_the_mean_of_its_region():
    found = SuperpixelVote(Thirds())(IMAGE, MAPS)
    expected = torch.tensor([[[0.55, 0.25, 0.05]], [[0.3, 0.3, 0.05]]]).repeat_interleave(2, 2)
    torch.testing.assert_close(found.scores, expected)
    assert found.background is None
    background = SuperpixelVote(Thirds())(IMAGE, COVERED).background
    torch.testing.assert_close(background, torch.tensor([[0.4, 0.4, 0.2, 0.2, 0.9, 0.9]]))
    assert SuperpixelVote(Thirds(), bg_threshold=0.3)(IMAGE, MAPS).background is not None


def test_soft_takes_the_label_of_the_largest_mean():
    found = SuperpixelVote(Thirds(), mode='soft')(IMAGE, COVERED)
    assert labels(found) == [[2, 2, 5, 5, 0, 0]]
    assert found.planes().unique().tolist() == [0, 1]
    # without a background of its own: the constant 0.3, or a power
    assert labels(SuperpixelVote(Thirds(), mode='soft')(IMAGE, MAPS)) == [[2, 2, 5, 5, 0, 0]]
    strong = SuperpixelVote(Thirds(), mode='soft', bg_threshold=0.5)
    assert labels(strong(IMAGE, MAPS)) == [[2, 2, 0, 0, 0, 0]]
    power = SuperpixelVote(Thirds(), mode='soft', bg_power=8)
    assert labels(power(IMAGE, MAPS)) == [[2, 2, 5, 5, 0, 0]]


def test_hard_counts_labels_and_a_tie_goes_to_a_class():
    # labels of pixels at 0.3: 1 5 | 0 5 | 0 0 with the classes 1 -> 2, 4 -> 5
    found = SuperpixelVote(Thirds(), mode='hard', bg_threshold=0.3)(IMAGE, MAPS)
    assert labels(found) == [[2, 2, 5, 5, 0, 0]]
    found = SuperpixelVote(Thirds(), mode='hard', bg_threshold=0.6)(IMAGE, MAPS)
    assert labels(found) == [[2, 2, 0, 0, 0, 0]]


def test_conf_leaves_what_is_not_sure_to_nobody():
    found = SuperpixelVote(Thirds(), mode='conf', min_confidence=0.4)(IMAGE, COVERED)
    assert labels(found) == [[2, 2, 255, 255, 0, 0]]
    assert not found.planes()[:, :, 2:4].any()
    # a second vote leaves nobody's regions alone
    for mode in ('soft', 'hard'):
        assert labels(SuperpixelVote(Thirds(), mode=mode)(IMAGE, found)) == labels(found)


def test_regions_of_files_are_found_by_the_id_of_the_image(tmp_path):
    cv2.imwrite(str(tmp_path / 'cat.png'), np.array([[4, 4, 4, 9, 9, 9]], np.uint8))
    vote = SuperpixelVote(dict(type='RegionFiles', folder=str(tmp_path)))
    results = dict(image_id='cat', img=IMAGE, score_maps=MAPS)
    found = Refine(vote)(results)['score_maps'].scores[0]
    torch.testing.assert_close(found, torch.tensor([[1.3 / 3] * 3 + [0.4 / 3] * 3]))
    with pytest.raises(DataError, match='RegionFiles needs the id'):
        vote(IMAGE, MAPS)
    with pytest.raises(DataError, match="image 'dog': region map of image 'dog'.*not exist"):
        Refine(vote)(dict(results, image_id='dog', score_maps=MAPS))


def test_a_cache_is_filled_and_gives_the_same(tmp_path, image, maps):
    plain = SuperpixelVote()(image, maps)
    vote = SuperpixelVote(cache_dir=str(tmp_path))
    for _ in range(2):
        assert torch.equal(vote(image, maps, 'cat').scores, plain.scores)
    assert len(list(tmp_path.rglob('cat.*.png'))) == 1
    with pytest.raises(DataError, match='needs the id'):
        vote(image, maps)


def test_labels_follow_the_discs(image, maps):
    y, x = np.mgrid[:48, :64]
    truth = torch.from_numpy((x - 46) ** 2 + (y - 28) ** 2 <= 144)

    def iou(maps, threshold=0.4):
        found = maps.resized().scores[1] > threshold
        return float((found & truth).sum() / (found | truth).sum())

    assert iou(SuperpixelVote(dict(type='SLIC', num_segments=2000))(image, maps)) > iou(maps)


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (dict(mode='softkeep'), "Did you mean 'soft_keep'"),
        (dict(mode='conf'), 'belong together'),
        (dict(mode='soft', min_confidence=0.5), 'belong together'),
        (dict(mode='conf', min_confidence=2), 'min_confidence'),
        (dict(bg_power=4, bg_threshold=0.3), 'SuperpixelVote: give bg_power or bg_threshold'),
        (dict(superpixels=dict(type='SLICK')), "Did you mean 'SLIC'"),
        (dict(superpixels=dict(type='SLIC', compactnes=1)), "Did you mean 'compactness'"),
    ],
)
def test_unusable_values_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        SuperpixelVote(**arguments)


def test_views_of_an_image_share_its_regions():
    class Counted(Thirds):
        calls = 0

        def compute(self, image, image_id):
            self.calls += 1
            return super().compute(image, image_id)

    source = Counted()
    vote = SuperpixelVote(source, bg_threshold=0.3)
    both = vote.refine_views(IMAGE, [MAPS, COVERED], 'cat')
    assert source.calls == 1
    for found, maps in zip(both, (MAPS, COVERED)):
        assert torch.equal(found.planes(), vote(IMAGE, maps).planes())


def test_the_geometric_mean_elects_the_largest_sum_of_logits():
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(3, 4, 6, generator=generator)
    planes = logits.softmax(0)
    maps = ScoreMaps(torch.tensor([1, 4]), planes[1:], (4, 6), planes[0])
    image = np.zeros((4, 6, 3), np.uint8)
    found = SuperpixelVote(Thirds(), mode='soft', mean='geometric')(image, maps).planes().argmax(0)
    sums = torch.stack([logits[:, :, i : i + 2].sum((1, 2)) for i in (0, 2, 4)], dim=1)
    assert found[0].tolist() == sums.argmax(0).repeat_interleave(2).tolist()
    kept = SuperpixelVote(Thirds(), mean='geometric')(image, maps).planes()
    expected = planes[:, :, :2].reshape(3, -1).prod(1) ** (1 / 8)
    torch.testing.assert_close(kept[:, 0, 0], expected)


@pytest.mark.parametrize('arguments', [dict(mean='median'), dict(mean='geometric', mode='hard')])
def test_means_that_make_no_sense_are_refused(arguments):
    with pytest.raises(ConfigError, match='SuperpixelVote.mean must be one of'):
        SuperpixelVote(**arguments)
