# SPDX-License-Identifier: Apache-2.0
import math

import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.erase import FILLINGS, erase, fill_images, gaussian_blur, is_found, join_maps

BEFORE = torch.tensor([[[1.0, 0.4, 0.2, 0.7]]])
AFTER = torch.tensor([[[0.3, 0.9, 0.1, 1.0]]])
FOUND = torch.tensor([[[False, True, True, False]]])


@pytest.fixture
def images():
    return torch.randn(3, 2, 9, 12, generator=torch.Generator().manual_seed(0))


def test_blur_equals_weighted_means_written_out(images):
    sigma, (height, width) = 1.7, images.shape[2:]
    expected = torch.zeros_like(images)
    for y in range(height):
        for x in range(width):
            weights = torch.tensor(
                [
                    [
                        math.exp(-((i - y) ** 2 + (j - x) ** 2) / (2 * sigma**2))
                        for j in range(width)
                    ]
                    for i in range(height)
                ]
            )
            expected[:, :, y, x] = (images * weights).sum((2, 3)) / weights.sum()
    torch.testing.assert_close(gaussian_blur(images, sigma), expected)


def test_a_blur_keeps_constants_and_a_wide_one_leaves_the_mean(images):
    torch.testing.assert_close(gaussian_blur(torch.ones(2, 3, 8, 9), 5.0), torch.ones(2, 3, 8, 9))
    wide = gaussian_blur(images, 1e4)
    torch.testing.assert_close(wide, images.mean((2, 3), keepdim=True).expand_as(wide))


def test_fillings_by_hand():
    image = torch.tensor([[[[1.0, 3.0], [5.0, 7.0]]]])
    assert fill_images(image, 'zero').tolist() == [[[[0, 0], [0, 0]]]]
    assert fill_images(image, 'mean').tolist() == [[[[4, 4], [4, 4]]]]
    pattern = torch.randn(1, 2, 2, generator=torch.Generator().manual_seed(0))
    noise = (fill_images(image, 'noise') - 4) / math.sqrt(5)
    torch.testing.assert_close(noise[0], pattern)


@pytest.mark.parametrize('how', FILLINGS)
def test_a_filling_depends_on_its_image_alone(images, how):
    filling = fill_images(images, how, 3.0)
    assert filling.shape == images.shape
    for i, image in enumerate(images):
        torch.testing.assert_close(fill_images(image[None], how, 3.0)[0], filling[i])


def test_erasing_keeps_everything_outside_bit_for_bit(images):
    region = torch.rand(3, 9, 12, generator=torch.Generator().manual_seed(1)) > 0.6
    filling = fill_images(images, 'blur', 2.0)
    erased = erase(images, filling, region)
    inside = region[:, None].expand_as(images)
    assert torch.equal(erased[~inside], images[~inside])
    assert torch.equal(erased[inside], filling[inside])
    assert torch.equal(erase(images, filling, torch.zeros_like(region)), images)


def test_what_counts_is_outside_and_the_best_of_the_image_is_sure():
    maps = torch.tensor([[[0.9, 0.1, 0.9]], [[0.1, 0.8, 0.2]], [[0.1, 0.9, 0.8]]])
    erased = torch.tensor([[[False] * 3], [[False, False, True]], [[False] * 3]])
    found = is_found(maps, erased, torch.tensor([0, 0, 2]), 0.8)
    # image 0: best is 0.9, 0.8, 0.9, and 0.8 is not above 0.8; image 2 has one map
    assert found.tolist() == [
        [[True, False, True]],
        [[True, False, False]],
        [[False, True, False]],
    ]
    assert is_found(maps[:0], erased[:0], torch.tensor([], dtype=torch.int64), 0.5).shape == (
        0,
        1,
        3,
    )


@pytest.mark.parametrize(
    ('how', 'everywhere', 'where_found'),
    [
        ('max', [1.0, 0.9, 0.2, 1.0], [1.0, 0.9, 0.2, 0.7]),
        ('where', [0.3, 0.9, 0.1, 1.0], [1.0, 0.9, 0.1, 0.7]),
        ('sum_clip', [1.0, 1.0, 0.3, 1.0], [1.0, 1.0, 0.3, 0.7]),
    ],
)
def test_joined_maps_by_hand(how, everywhere, where_found):
    torch.testing.assert_close(
        join_maps(BEFORE, AFTER, None, how).flatten(), torch.tensor(everywhere)
    )
    found = join_maps(BEFORE, AFTER, FOUND, how)
    torch.testing.assert_close(found.flatten(), torch.tensor(where_found))


def test_unknown_words_are_refused(images):
    with pytest.raises(ConfigError, match="erase='blurr'.*Did you mean 'blur'"):
        fill_images(images, 'blurr')
    with pytest.raises(ConfigError, match="combine='maxx'.*Did you mean 'max'"):
        join_maps(BEFORE, AFTER, None, 'maxx')
