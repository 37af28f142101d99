# SPDX-License-Identifier: Apache-2.0
"""Saliency stays with the pixels it belongs to."""

import numpy as np
import pytest
from mmcv.transforms import RandomChoiceResize, RandomFlip
from mmengine.registry import DefaultScope
from mmpretrain.datasets.transforms import RandomResizedCrop
from PIL import Image

from wsss.datasets.transforms import AppendSaliency, LoadImage, LoadSaliency, PaddedCrop
from wsss.errors import ConfigError
from wsss.structures import Annotation


@pytest.fixture
def results():
    """An image whose red is its saliency."""
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    saliency = image[..., 0] / np.float32(255)
    return dict(img=image, annotation=Annotation((40, 60), [0], saliency=saliency))


def crop_of(results, *transforms):
    np.random.seed(0)  # noqa: NPY002 - the transforms of mmpretrain draw from it
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        for transform in (AppendSaliency(), *transforms):
            results = transform(results)
    return results['img']


def test_the_channels_are_colours_validity_and_saliency(results):
    before = results['img'].copy()
    found = AppendSaliency()(results)['img']
    assert found.dtype == np.uint8 and found.shape == (40, 60, 5)
    assert (found[..., :3] == before).all() and (found[..., 3] == 255).all()
    assert (found[..., 4] == before[..., 0]).all()


@pytest.mark.parametrize(
    'transforms',
    [
        [RandomResizedCrop(24), RandomFlip(1.0)],
        [RandomChoiceResize([(30, 30), (70, 70)], keep_ratio=True), RandomFlip(1.0)],
        [PaddedCrop(32)],
        [RandomFlip(1.0), PaddedCrop((50, 70)), PaddedCrop((45, 80))],
    ],
)
def test_what_moves_pixels_moves_their_saliency(results, transforms):
    found = crop_of(results, *transforms)
    assert (found[..., 4] == found[..., 0]).all()
    assert found[..., 4].any()


def test_padding_is_neither_image_nor_salient(results):
    found = crop_of(results, PaddedCrop((50, 70), pad_val=(124, 116, 104)))
    shown = found[..., 3] == 255
    assert found.shape == (50, 70, 5) and shown.sum() == 40 * 60
    assert (found[~shown] == (124, 116, 104, 0, 0)).all()


def test_a_crop_with_saliency_is_the_crop_without(results):
    image = results['img']
    for size in (16, 50, (30, 90)):
        np.random.seed(0)  # noqa: NPY002
        expected = PaddedCrop(size)(dict(img=image))['img']
        assert (crop_of(dict(results), PaddedCrop(size))[..., :4] == expected).all()


def test_files_become_a_channel(tmp_path):
    Image.new('RGB', (6, 4), 'white').save(tmp_path / 'a.png')
    (tmp_path / 'maps').mkdir()
    Image.new('L', (6, 4), 51).save(tmp_path / 'maps/a.png')
    results = dict(
        image_id='a', img_path=str(tmp_path / 'a.png'), gt_label=[0], class_to_label=[1],
        image_classes=('cat',),
    )  # fmt: skip
    for transform in (LoadImage(), LoadSaliency(str(tmp_path / 'maps')), AppendSaliency()):
        results = transform(results)
    assert (results['img'] == (255, 255, 255, 255, 51)).all()
    assert results['annotation_source'] == f'saliency: {tmp_path}/maps'


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda r: r.pop('annotation'), 'put wsss.LoadSaliency before it'),
        (lambda r: r.update(img=r['img'][:20]), 'Put it before what resizes'),
        (lambda r: r.update(flip=True), 'flipped. Put it before'),
        (lambda r: AppendSaliency()(r), 'as it was read'),
    ],
)
def test_a_wrong_order_is_named(results, change, said):
    change(results)
    with pytest.raises(ConfigError, match=said):
        AppendSaliency()(results)


def test_a_folder_that_is_not_said_is_asked_for():
    with pytest.raises(ConfigError, match=r'LoadSaliency.folder is not set.*saliency_dir=DIR'):
        LoadSaliency(None).files('a')
