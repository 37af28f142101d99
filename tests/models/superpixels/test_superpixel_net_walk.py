# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from wsss.errors import ConfigError, DataError
from wsss.models import SuperpixelNetWalk
from wsss.ops.association import (
    associate,
    superpixel_affinity,
    superpixel_pool,
    superpixel_unpool,
    walk_superpixels,
)
from wsss.registry import MODELS
from wsss.structures import ScoreMaps, WSSSDataSample

CELL = 8
PLAIN = dict(type='mmseg.SegDataPreProcessor', mean=[0.0] * 3, std=[1.0] * 3)


@MODELS.register_module(force=True)
class Colours(nn.Module):
    """Superpixels of colours: logits from those of the pixel; ``sure`` keeps pixels at home."""

    def __init__(self, cell=CELL, sure=0.0):
        super().__init__()
        self.cell, self.sure = cell, sure
        self.mix = nn.Conv2d(3, 9, 1)

    def forward(self, images):
        logits = self.mix(images)
        logits[:, 4] += self.sure
        return logits


def model(sure=0.0, **arguments):
    torch.manual_seed(0)
    network = dict(type='wsss.Colours', sure=sure)
    return SuperpixelNetWalk(network, data_preprocessor=PLAIN, **arguments)


def sample(size=(24, 32), classes=2, **fields):
    generator = torch.Generator().manual_seed(classes)
    scores = torch.rand(classes, *size, generator=generator)
    maps = ScoreMaps(torch.arange(classes), scores, size, **fields)
    return WSSSDataSample(score_maps=maps, metainfo=dict(image_id='a'))


def picture(size=(24, 32)):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (3, *size), generator=generator, dtype=torch.uint8)


def refined(net, *pairs):
    found = net.test_step(dict(inputs=[p for p, _ in pairs], data_samples=[s for _, s in pairs]))
    return [own.score_maps for own in found]


def test_maps_are_pooled_walk_and_return_to_pixels():
    net, image, own = model(steps=3), picture(), sample()
    scores = own.score_maps.scores[None]
    q = associate(net.network(image[None].float()), CELL)
    cells = walk_superpixels(superpixel_affinity(q, CELL), superpixel_pool(scores, q, CELL), 3)
    expected = superpixel_unpool(cells, q, CELL)[0].detach()
    (found,) = refined(net, (image, own))
    assert torch.allclose(found.scores, expected / expected.amax((1, 2), True), atol=1e-6)
    assert found.background is None and found.keys.tolist() == [0, 1]


def test_pixels_that_stay_at_home_give_the_means_of_cells():
    (found,) = refined(model(sure=1e4, steps=5), (picture(), sample()))
    means = F.avg_pool2d(sample().score_maps.scores, CELL)
    means = means / means.amax((1, 2), True)
    expected = means.repeat_interleave(CELL, 1).repeat_interleave(CELL, 2)
    assert torch.allclose(found.scores, expected, atol=1e-6)


def test_any_size_and_padding_does_not_count():
    size = (21, 27)
    (found,) = refined(model(sure=1e4), (picture(size), sample(size)))
    given = sample(size).score_maps.scores
    expected = F.avg_pool2d(given, CELL, ceil_mode=True, count_include_pad=False)
    expected = (expected / expected.amax((1, 2), True)).repeat_interleave(CELL, 1)
    expected = expected.repeat_interleave(CELL, 2)[:, :21, :27]
    assert torch.allclose(found.scores, expected, atol=1e-5)


def test_a_batch_of_sizes_and_numbers_of_classes_is_that_of_single_images():
    net = model(steps=4, flip=True, scales=(0.5, 1.0))
    pairs = [((24, 32), 2), ((24, 32), 0), ((17, 40), 1), ((24, 32), 3)]
    made = lambda: [(picture(size), sample(size, count)) for size, count in pairs]  # noqa: E731
    together = refined(net, *made())
    for own, pair in zip(together, made()):
        (alone,) = refined(net, pair)
        assert torch.allclose(own.scores, alone.scores, atol=1e-6)
        assert own.scores.shape == (len(own.keys), *own.size) and own.scores.isfinite().all()


def test_a_mirror_image_gives_mirrored_maps():
    net, image, own = model(steps=4, flip=True, scales=(1.0, 1.5)), picture(), sample()
    mirrored = ScoreMaps(own.score_maps.keys, own.score_maps.scores.flip(2), own.score_maps.size)
    other = WSSSDataSample(score_maps=mirrored, metainfo=dict(image_id='b'))
    found, turned = refined(net, (image, own), (image.flip(2), other))
    assert torch.allclose(found.scores, turned.scores.flip(2), atol=1e-5)


@pytest.mark.parametrize('background', [dict(bg_power=4), dict(bg_threshold=0.3)])
def test_a_background_walks_along(background):
    (found,) = refined(model(steps=2, **background), (picture(), sample()))
    assert torch.allclose(found.background + found.scores.sum(0), torch.ones(24, 32), atol=1e-5)


@pytest.mark.parametrize('background', [{}, dict(bg_power=4)])
def test_an_image_without_classes_is_background(background):
    (found,) = refined(model(steps=2, **background), (picture(), sample(classes=0)))
    assert found.scores.shape == (0, 24, 32)
    assert torch.allclose(found.background, torch.ones(24, 32), atol=1e-6)


def test_without_upsampling_cells_are_interpolated():
    (found,) = refined(model(sure=1e4, steps=0, upsample=False), (picture(), sample()))
    cells = F.avg_pool2d(sample().score_maps.scores, CELL)
    expected = F.interpolate(cells[None], (24, 32), mode='bilinear', align_corners=False)[0]
    assert torch.allclose(found.scores, expected / expected.amax((1, 2), True), atol=1e-6)


@pytest.mark.parametrize(
    'arguments, words',
    [
        (dict(steps=-1), 'SuperpixelNetWalk.steps'),
        (dict(scales=()), 'at least one number'),
        (dict(scales=(1, 0)), r'scales\[1\]'),
        (dict(bg_power=1, bg_threshold=0.2), 'not both'),
        (dict(network=dict(type='mmpretrain.ResNet', depth=18)), 'attribute cell'),
        (dict(data_preprocessor=None), "no mean and std.*'@superpixel_model.data_preprocessor'"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(ConfigError, match=words):
        usual = dict(network=dict(type='wsss.Colours'), data_preprocessor=PLAIN)
        SuperpixelNetWalk(**{**usual, **arguments})


def test_maps_of_another_image_and_training_are_refused():
    with pytest.raises(DataError, match="image 'a' has 7 x 40 pixels, a superpixel 8 x 8"):
        refined(model(), (picture((7, 40)), sample((7, 40))))
    with pytest.raises(DataError, match="image 'a'.*its maps are of 24 x 32"):
        refined(model(), (picture((24, 40)), sample()))
    with pytest.raises(ConfigError, match='nothing to train'):
        model()(torch.zeros(1, 3, 8, 8), [], mode='loss')
