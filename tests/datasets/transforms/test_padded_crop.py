# SPDX-License-Identifier: Apache-2.0
"""Crops that say where they are padded."""

import numpy as np
import pytest
from mmpretrain.datasets.transforms import RandomCrop

from wsss.datasets.transforms import PaddedCrop
from wsss.errors import ConfigError

COLOUR = (124, 116, 104)


@pytest.fixture
def make_image():
    def make(height, width):
        # never 0, so that no pixel of the image has the colour of a padding of zeros
        return np.random.default_rng(0).integers(1, 256, (height, width, 3), np.uint8)

    return make


@pytest.mark.parametrize('size', [(20, 30), (16, 40), (5, 7), (9, 40), (31, 12), (24, 16)])
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_colours_are_those_of_random_crop_with_the_same_draws(make_image, size, seed):
    crops = []
    for crop in (
        RandomCrop((24, 16), pad_if_needed=True, pad_val=COLOUR),
        PaddedCrop(crop_size=(24, 16), pad_val=COLOUR),
    ):
        np.random.seed(seed)  # noqa: NPY002 - the transforms of mmpretrain draw from it
        crops.append(crop(dict(img=make_image(*size), image_id='a')))
        crops[-1]['next_draw'] = np.random.rand()  # noqa: NPY002
    expected, found = crops
    assert found['img'].shape == (24, 16, 4)
    assert (found.pop('img')[..., :3] == expected.pop('img')).all()
    assert found.pop('img_shape')[:2] == expected.pop('img_shape')[:2]
    assert found == expected


@pytest.mark.parametrize('size', [(20, 30), (5, 7), (9, 40), (40, 40)])
def test_the_fourth_channel_is_255_on_the_image_and_0_on_padding(make_image, size):
    np.random.seed(0)  # noqa: NPY002
    for _ in range(10):
        crop = PaddedCrop(crop_size=16)(dict(img=make_image(*size)))['img']
        shown = (crop[..., :3] > 0).any(axis=2)
        assert shown.sum() == min(size[0], 16) * min(size[1], 16)
        assert (crop[..., 3] == np.where(shown, 255, 0)).all()


@pytest.mark.parametrize(
    ('arguments', 'key'),
    [
        (dict(crop_size=0), 'crop_size'),
        (dict(crop_size=(4, 5, 6)), r'crop_size must be \(H, W\)'),
        (dict(crop_size=4, pad_val=0), 'pad_val must be three numbers'),
        (dict(crop_size=4, pad_val=(0, 0, 300)), r'pad_val\[2\]'),
    ],
)
def test_refused_values_are_named(arguments, key):
    with pytest.raises(ConfigError, match=f'PaddedCrop.{key}'):
        PaddedCrop(**arguments)


def test_a_second_crop_is_refused(make_image):
    crop = PaddedCrop(crop_size=8)
    with pytest.raises(ConfigError, match='one only'):
        crop(crop(dict(img=make_image(8, 8))))
