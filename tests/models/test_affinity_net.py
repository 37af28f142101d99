# SPDX-License-Identifier: Apache-2.0
"""AffinityNet: its loss, and the walk of stored maps along what it has learnt."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from wsss.errors import ConfigError, DataError
from wsss.models import AffinityNet
from wsss.ops.pairs import pair_distances
from wsss.structures import ScoreMaps, WSSSDataSample


def make(**changes):
    torch.manual_seed(0)
    settings = dict(
        backbone=dict(type='ResNet', depth=18, out_indices=(1, 2, 3)),
        in_channels=(128, 256, 512),
        channels=(8, 8, 16),
    )
    model = AffinityNet(**{**settings, **changes})
    model.init_weights()
    return model.eval()


def sample(size=(61, 45), classes=(2, 5), background=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(len(classes), 8, 6, generator=generator)
    maps = ScoreMaps(
        torch.tensor(classes, dtype=torch.int16),
        scores,
        size,
        1 - scores.amax(0) if background else None,
    )
    image = torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=generator)
    return image, WSSSDataSample(score_maps=maps, metainfo=dict(image_id='cat'))


def walked(model, *pairs):
    images, samples = zip(*pairs)
    found = model.test_step(dict(inputs=list(images), data_samples=list(samples)))
    return [one.score_maps for one in found]


def test_loss_falls_when_it_is_trained():
    model = make().train()
    labels = torch.zeros(1, 64, 64, dtype=torch.long)
    labels[:, :, 32:] = 3
    labels[:, 28:36] = 255
    images = torch.rand(1, 3, 64, 64) + labels[:, None].clamp(max=3) / 3.0
    data = [SegDataSample(gt_sem_seg=PixelData(data=labels[0][None]))]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        terms = model(images, data, mode='loss')
        assert set(terms) == {'loss_background', 'loss_foreground', 'loss_different'}
        loss = sum(terms.values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_walk_equals_the_dense_power_of_its_affinities():
    model = make(steps=64, power=4)
    image, one = sample()
    maps = walked(model, (image, one))[0]
    padded = torch.nn.functional.pad(model.normalize(image[None]), (0, 3, 0, 3))
    d = pair_distances(model.features(padded), model.walk_offsets)[0]
    height, width = d.shape[1:]
    a = torch.eye(height * width)
    for k, (dy, dx) in enumerate(model.walk_offsets):
        for y in range(height - dy):
            for x in range(max(-dx, 0), width - max(dx, 0)):
                i, j = y * width + x, (y + dy) * width + x + dx
                a[i, j] = a[j, i] = torch.exp(-d[k, y, x])
    transition = a.double() ** 4
    transition /= transition.sum(0)
    full = sample()[1].score_maps.resized().scores
    full = torch.cat([(1 - full.amax(0, keepdim=True)) ** 16, full])
    cells = torch.zeros(3, height, width)
    for y in range(height):
        for x in range(width):
            cells[:, y, x] = full[:, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8].mean((1, 2))
    expected = cells.flatten(1).double() @ torch.linalg.matrix_power(transition, 64)
    expected = expected.float().view_as(cells)
    expected = torch.nn.functional.interpolate(expected[None], (64, 48), mode='bilinear')[0]
    expected = expected[:, :61, :45] / expected[:, :61, :45].sum(0)
    torch.testing.assert_close(maps.scores, expected[1:], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(maps.background, expected[0], atol=1e-5, rtol=1e-4)


def test_scores_and_background_sum_to_one_and_keep_their_image():
    maps = walked(make(), sample(background=True))[0]
    assert maps.keys.tolist() == [2, 5] and maps.size == (61, 45)
    total = maps.scores.sum(0) + maps.background
    torch.testing.assert_close(total, torch.ones(61, 45))


def test_classes_alone_walk_where_there_is_no_background():
    maps = walked(make(bg_power=None), sample())[0]
    assert maps.background is None and float(maps.scores.max()) == 1


def test_images_of_several_sizes_walk_as_they_do_alone():
    model = make(max_batch=2)

    def pairs():
        return [sample(), sample((48, 64), (1,), seed=1), sample(seed=2), sample(seed=3)]

    together = walked(model, *pairs())
    for pair, maps in zip(pairs(), together):
        torch.testing.assert_close(walked(model, pair)[0].scores, maps.scores, atol=1e-5, rtol=1e-4)


def test_an_image_without_classes_is_background():
    maps = walked(make(), sample(classes=()))[0]
    assert len(maps.keys) == 0 and bool((maps.background == 1).all())


def test_one_pixel():
    maps = walked(make(), sample((1, 1)))[0]
    assert bool(torch.isfinite(maps.scores).all())


def test_maps_of_another_image_and_broken_maps_are_refused():
    model = make()
    image, one = sample()
    with pytest.raises(DataError, match="image 'cat': its maps are of 61 x 45"):
        walked(model, (image[:, 1:], one))
    one.score_maps.scores[0, 0, 0] = float('nan')
    with pytest.raises(DataError, match="image 'cat'.*NaN"):
        walked(model, (image, one))


def test_values_that_are_not_usable_are_refused():
    for wrong in (dict(radius=1), dict(steps=-1), dict(power=0), dict(bg_power=0), dict(stride=0)):
        with pytest.raises(ConfigError, match=f'AffinityNet.{next(iter(wrong))} must be'):
            make(**wrong)
    with pytest.raises(ConfigError, match='one number for each level'):
        make(channels=(8, 8))
    with pytest.raises(ConfigError, match='gives 2 levels'):
        walked(make(backbone=dict(type='ResNet', depth=18, out_indices=(1, 2))), sample())
    with pytest.raises(ConfigError, match='Set stride'):
        walked(make(stride=16), sample())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs an accelerator')
def test_an_accelerator_walks_as_the_cpu_does():
    expected = walked(make(), sample(), sample(classes=(), seed=1))
    found = walked(make().cuda(), sample(), sample(classes=(), seed=1))
    for one, other in zip(found, expected):
        torch.testing.assert_close(one.scores.cpu(), other.scores, atol=1e-3, rtol=0)
        torch.testing.assert_close(one.background.cpu(), other.background, atol=1e-3, rtol=0)
