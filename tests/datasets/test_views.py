# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from wsss.datasets.transforms import MultiScaleViews, PackViews, view_size
from wsss.errors import ConfigError


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)


def test_views_are_resized_bicubically_from_the_original(image):
    views = MultiScaleViews(scales=(1.0, 0.5, 1.5))({'img': image})['views']
    # 18.5 and 55.5 are rounded up
    assert [v.shape for v in views] == [(37, 50, 3), (19, 25, 3), (56, 75, 3)]
    assert np.array_equal(views[0], image)
    assert np.array_equal(views[2], cv2.resize(image, (75, 56), interpolation=cv2.INTER_CUBIC))


def test_a_number_is_the_longer_side():
    assert view_size((375, 500), 1.0, (320, 320)) == (240, 320)
    assert view_size((500, 375), 0.5, (320, 320)) == (160, 120)


def test_a_pair_is_fitted_into_or_filled():
    assert view_size((100, 200), 1.0, (80, 80)) == (40, 80)
    assert view_size((100, 200), 1.0, (80, 60), keep_ratio=False) == (80, 60)
    assert view_size((100, 200), 1.5, (80, 60), keep_ratio=False) == (120, 90)


def test_sides_are_rounded_to_the_divisor_and_never_vanish():
    assert view_size((375, 500), 1.0, divisor=32) == (384, 512)
    assert view_size((10, 500), 0.5, divisor=32) == (32, 256)
    assert view_size((1, 1), 0.25) == (1, 1)


def test_squashed_images_have_one_size(image):
    transform = MultiScaleViews(base_size=32, keep_ratio=False)
    assert transform({'img': image})['views'][0].shape == (32, 32, 3)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(scales=()), r'scales must be positive numbers, at least one, got \(\)'),
        (dict(scales=(1.0, -0.5)), r'scales must be positive numbers.*\(1.0, -0.5\)'),
        (dict(scales=1.0), 'scales must be positive numbers'),
        (dict(base_size=(1, 2, 3)), r'base_size must be None, .* got \(1, 2, 3\)'),
        (dict(base_size=0), 'base_size must be None'),
        (dict(keep_ratio=False), 'base_size, which is not set'),
        (dict(size_divisor=0), 'size_divisor must be at least 1'),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        MultiScaleViews(**arguments)


def test_packing_keeps_what_is_known(image):
    results = dict(
        views=[image, image[:20]],
        image_id='a',
        img_path='a.jpg',
        ori_shape=(37, 50),
        held_out=True,
        gt_label=[1, 4],
        gt_seg_map=np.full((37, 50), 255, np.uint8),
        other=1,
    )
    packed = PackViews()(results)
    assert [tuple(v.shape) for v in packed['inputs']] == [(3, 37, 50), (3, 20, 50)]
    assert packed['inputs'][0].dtype == torch.uint8
    assert packed['inputs'][0][:, 5, 7].tolist() == image[5, 7].tolist()
    sample = packed['data_samples']
    assert sample.metainfo == dict(
        image_id='a', img_path='a.jpg', ori_shape=(37, 50), held_out=True
    )
    assert sample.gt_label.tolist() == [1, 4] and sample.gt_label.dtype == torch.int64
    assert sample.gt_sem_seg.data.shape == (1, 37, 50)
    assert int(sample.gt_sem_seg.data.max()) == 255


def test_a_batch_keeps_the_views_of_an_image_together(image):
    packed = [PackViews()(dict(views=[image[:9], image[:n]])) for n in (20, 30, 35)]
    inputs = pseudo_collate(packed)['inputs']
    assert [[tuple(v.shape[1:]) for v in own] for own in inputs] == [
        [(9, 50), (20, 50)],
        [(9, 50), (30, 50)],
        [(9, 50), (35, 50)],
    ]


def test_an_image_without_label_and_mask_is_packed_without_them(image):
    sample = PackViews()(dict(views=[image], image_id='a', ori_shape=(37, 50)))['data_samples']
    assert 'gt_label' not in sample and 'gt_sem_seg' not in sample


def test_an_image_with_an_empty_label_keeps_it(image):
    sample = PackViews()(dict(views=[image], gt_label=[]))['data_samples']
    assert sample.gt_label.shape == (0,)


def test_packing_without_views_is_refused(image):
    with pytest.raises(ConfigError, match='wsss.MultiScaleViews'):
        PackViews()({'img': image})
