# SPDX-License-Identifier: Apache-2.0
"""Features of whole images."""

import pytest
import torch

from wsss.errors import ConfigError
from wsss.models import FeatureClassifier
from wsss.structures import WSSSDataSample

PREPROCESSOR = dict(mean=[127.0] * 3, std=[60.0] * 3)
BACKBONE = dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8)
HEAD = dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=64)
NECK = dict(type='mmpretrain.GlobalAveragePooling')


def make(**kwargs):
    torch.manual_seed(0)
    parts = {'data_preprocessor': PREPROCESSOR, 'backbone': BACKBONE, **kwargs}
    return FeatureClassifier(**parts).eval()


def run(model, images):
    samples = [WSSSDataSample() for _ in images]
    found = model.test_step(dict(inputs=images, data_samples=samples))
    return torch.stack([sample.features for sample in found])


@pytest.fixture
def images():
    torch.manual_seed(1)
    sizes = [(64, 48), (64, 64), (64, 48)]
    return [[torch.randint(0, 256, (3, *size), dtype=torch.uint8)] for size in sizes]


def test_images_of_any_sizes_get_the_mean_of_their_own_maps(images):
    model = make(neck=NECK, head=HEAD)
    found = run(model, images)
    for image, features in zip(images, found):
        maps = model.backbone((image[0][None].float() - 127) / 60)[-1]
        assert torch.allclose(features, maps.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(run(make(), images), found, atol=1e-6)  # without neck and head


def test_views_are_averaged(images):
    model = make()
    each = run(model, images)
    together = run(model, [[image[0] for image in images]])
    assert torch.allclose(together[0], each.mean(0), atol=1e-5)


def test_logits_are_those_of_the_head(images):
    model = make(neck=NECK, head=HEAD, output='logits')
    expected = model.head.fc(run(make(neck=NECK, head=HEAD), images))
    assert torch.allclose(run(model, images), expected, atol=1e-5)


def test_tokens_of_a_transformer_are_no_features(images):
    model = make(
        backbone=dict(type='mmpretrain.VisionTransformer', img_size=32, patch_size=16,
                      arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=32),
                      out_type='raw'),
    )  # fmt: skip
    with pytest.raises(ConfigError, match="out_type='cls_token'"):
        run(model, images[:1])


def test_a_transformer_gives_its_class_token_at_any_size(images):
    model = make(
        backbone=dict(type='mmpretrain.VisionTransformer', img_size=32, patch_size=16,
                      arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16))
    )  # fmt: skip
    assert run(model, images[:2]).shape == (2, 16)


def test_logits_without_a_head_are_refused():
    with pytest.raises(ConfigError, match='model.head'):
        make(output='logits')
    with pytest.raises(ConfigError, match='model.output'):
        make(output='maps')
