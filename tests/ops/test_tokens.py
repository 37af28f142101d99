# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from wsss.errors import ConfigError
from wsss.ops.tokens import to_feature_maps, token_grid


@pytest.mark.parametrize(
    'count, size, grid',
    [
        (197, (224, 224), (14, 14)),  # ViT-B/16 with a class token
        (198, (224, 224), (14, 14)),  # and a distillation token
        (257, (224, 224), (16, 16)),  # ViT-H/14
        (201, (224, 224), (14, 14)),  # and four registers
        (50, (224, 224), (7, 7)),
        (49, (224, 224), (7, 7)),  # Swin, last stage
        (280, (224, 320), (14, 20)),
        (281, (224, 320), (14, 20)),
        (25, (64, 80), (4, 5)),  # class token and four registers, not 4 x 6 and one
        (70, (200, 300), (7, 10)),  # Swin pads
        (5, (32, 32), (2, 2)),
        (1, (16, 16), (1, 1)),
    ],
)
def test_the_grid_follows_from_the_number_of_tokens(count, size, grid):
    assert token_grid(count, size) == grid


def test_a_known_patch_size_decides():
    assert token_grid(25, (64, 96), 16) == (4, 6)
    assert token_grid(25, (64, 96), 20) == (4, 5)
    assert token_grid(25, (64, 96), 8) is None


def test_no_grid_fits_a_foreign_number():
    assert token_grid(210, (224, 224)) is None


def test_extra_tokens_in_front_are_dropped():
    maps = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    tokens = maps.flatten(2).transpose(1, 2)
    with_class = torch.cat([torch.full((2, 1, 3), -1), tokens], dim=1)
    for own in (tokens, with_class):
        assert torch.equal(to_feature_maps(own, (64, 96)), maps)
    assert torch.equal(
        to_feature_maps(with_class.transpose(1, 2), (64, 96), 'channels_first'), maps
    )


@pytest.mark.parametrize('channels', [1, 5, 96])
def test_channels_last_maps_are_known_by_the_shape_of_the_image(channels):
    maps = torch.rand(2, channels, 7, 10)
    assert to_feature_maps(maps, (224, 320)) is maps
    assert torch.equal(to_feature_maps(maps.permute(0, 2, 3, 1), (224, 320)), maps)


def test_in_doubt_channels_come_first_unless_set():
    cube = torch.rand(2, 7, 7, 7)
    assert torch.equal(to_feature_maps(cube, (224, 224)), cube)
    last = to_feature_maps(cube, (224, 224), 'channels_last')
    assert torch.equal(last, cube.permute(0, 3, 1, 2))


def test_unpadded_convolutions_stay_channels_first():
    maps = torch.rand(1, 40, 10, 15)  # stride 16 of 200 x 300, two cells lost
    assert to_feature_maps(maps, (200, 300)) is maps


def test_pooled_features_are_refused():
    with pytest.raises(ConfigError, match=r'cam.layer gives a tensor \(2, 768\); needed are'):
        to_feature_maps(torch.zeros(2, 768), (224, 224), where='cam.layer')


def test_tokens_that_form_no_grid_are_refused():
    with pytest.raises(ConfigError, match='210 tokens are no grid of patches of any size'):
        to_feature_maps(torch.zeros(2, 210, 8), (224, 224))


def test_an_unknown_layout_is_refused():
    with pytest.raises(ConfigError, match="'channel_last'.* Did you mean 'channels_last'"):
        to_feature_maps(torch.zeros(1, 1, 1, 1), (1, 1), 'channel_last')
