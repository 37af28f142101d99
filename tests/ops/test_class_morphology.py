# SPDX-License-Identifier: Apache-2.0
"""Opening and closing of class masks against sets of pixels."""

import numpy as np
import torch
from scipy import ndimage

from wsss.ops.class_morphology import disk, smooth_classes, smooth_levels


def one_hot(labels, count):
    return torch.nn.functional.one_hot(torch.tensor(labels), count).permute(2, 0, 1).float()


def test_a_disk_has_the_pixels_within_its_radius():
    assert disk(1).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert disk(3).sum() == 29 and disk(0).tolist() == [[1]]


def test_a_speck_goes_and_a_crack_closes():
    labels = np.zeros((24, 24), int)
    labels[6:18, 6:18] = 1
    labels[12, 6:18] = 0
    labels[2, 2] = 1
    planes = smooth_classes(one_hot(labels, 2), 2)
    assert planes[1, 12, 9:15].all() and not planes[1, 2, 2] and planes[0, 2, 2]
    assert bool((planes.sum(0) == 1).all())


def test_one_class_equals_scipy_away_from_the_frame():
    rng = np.random.default_rng(0)
    mask = ndimage.gaussian_filter(rng.random((40, 50)), 2) > 0.5
    found = smooth_classes(one_hot(mask.astype(int), 2), 2)[1].numpy().astype(bool)
    opened = ndimage.binary_erosion(mask, disk(2), border_value=1)
    opened = ndimage.binary_dilation(opened, disk(2))
    closed = ndimage.binary_dilation(opened, disk(2))
    closed = ndimage.binary_erosion(closed, disk(2), border_value=1)
    assert (found == closed).all() and found.any() and not found.all()


def test_ids_of_classes_are_in_no_order():
    labels = np.zeros((20, 20), int)
    labels[:, 5:10], labels[:, 10:15] = 1, 2
    swapped = np.array([0, 2, 1])[labels]
    one, two = smooth_classes(one_hot(labels, 3), 1), smooth_classes(one_hot(swapped, 3), 1)
    assert torch.equal(one, two[[0, 2, 1]]) and torch.equal(one, one_hot(labels, 3))


def test_where_masks_overlap_the_larger_score_wins():
    planes = torch.full((3, 15, 15), 0.1)
    planes[1, :, 6:8] = 0.4  # a gap between two parts of class 2 that closing fills
    planes[1, :, 6:8] += 0.2
    planes[2, :, :6], planes[2, :, 8:] = 0.9, 0.9
    result = smooth_classes(planes, 2)
    assert bool(result[2].all())  # opening has taken the strip of two pixels from class 1
    wide = planes.clone()
    wide[:, :, 4:10] = torch.tensor([0.1, 0.6, 0.2])[:, None, None]
    result = smooth_classes(wide, 2)
    assert bool(result[1, :, 4:10].all()) and bool(result[2, :, :4].all())


def test_nobodys_pixels_stay_nobodys():
    planes = torch.zeros(2, 12, 12)
    planes[0, :, :6] = 1
    result = smooth_classes(planes, 1)
    assert bool(result[0, :, :6].all()) and not bool(result[:, :, 6:].any())


def test_levels_are_smoothed_as_the_masks_of_at_least_each():
    rng = np.random.default_rng(1)
    field = ndimage.gaussian_filter(rng.random((40, 50)), 2)
    labels = np.digitize(field, [0.48, 0.52])
    found = smooth_levels(one_hot(labels, 3), 2).argmax(0).numpy()
    expected = sum(
        smooth_levels(one_hot((labels >= level).astype(int), 2), 2)[1].numpy() for level in (1, 2)
    )
    assert (found == expected).all() and len(np.unique(found)) == 3
    assert (smooth_levels(one_hot(labels, 3), 0).argmax(0).numpy() == labels).all()


def test_pixels_of_nobody_stay_so_where_no_level_reaches():
    planes = one_hot(np.zeros((8, 8), int), 3)
    planes[:, 2:5, 2:5] = 0
    assert not smooth_levels(planes, 1)[:, 2:5, 2:5].any()
